"""Ten steps of `torch.optim.AdamW` on a small network: losses, gradient norms, weights and their average.

Weight decay on matrices only; `clip_grad_norm_` cuts most of the steps.
"""

import torch
import torch.nn.functional as F

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import linear, linear_shapes, part

STEPS, RATE, DECAY, BETAS, CLIP, EMA = 10, 0.03, 0.2, (0.9, 0.98), 0.5, 0.7

case = Case(__file__, seed=15, tolerance=2e-5)
p = case.params(linear_shapes("hidden", 5, 8) | linear_shapes("out", 8, 3))
x, y = case.constant("x", case.normal(16, 5)), case.constant("y", case.normal(16, 3))
start = {name: value.detach().clone() for name, value in p.items()}
average = {name: value.clone() for name, value in start.items()}
optimizer = torch.optim.AdamW(
    [
        {"params": [v for v in p.values() if v.ndim > 1], "weight_decay": DECAY},
        {"params": [v for v in p.values() if v.ndim == 1], "weight_decay": 0.0},
    ],
    lr=RATE,
    betas=BETAS,
)
losses, norms = [], []
for step in range(1, STEPS + 1):
    optimizer.zero_grad()
    loss = F.mse_loss(linear(part(p, "out"), F.gelu(linear(part(p, "hidden"), x), approximate="tanh")), y)
    loss.backward()
    norms.append(torch.nn.utils.clip_grad_norm_(p.values(), CLIP))
    losses.append(loss.detach())
    optimizer.step()
    # The average follows quickly at first: min(decay, (1 + step) / (10 + step)).
    decay = min(EMA, (1 + step) / (10 + step))
    for name, value in p.items():
        average[name] = decay * average[name] + (1 - decay) * value.detach()
case.constant("losses", torch.stack(losses))
case.constant("norms", torch.stack(norms))
for name, value in p.items():
    case.constant(f"final.{name}", value)
    case.constant(f"average.{name}", average[name])
    case.leaves.pop(f"param.{name}")
    case.constant(f"param.{name}", start[name])
case.metadata |= {
    "steps": str(STEPS),
    "learning_rate": repr(RATE),
    "weight_decay": repr(DECAY),
    "beta1": repr(BETAS[0]),
    "beta2": repr(BETAS[1]),
    "clip_norm": repr(CLIP),
    "ema_decay": repr(EMA),
}
case.save()
