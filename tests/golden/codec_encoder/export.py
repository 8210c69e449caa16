"""The codec's encoder at a tiny size: eight spectrogram frames become one token."""

import torch
import torch.nn.functional as F

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import convnext, convnext_shapes, layer_norm, linear, linear_shapes, part

BINS, FRAME, HIGH, LOW, LATENT, EXPANSION = 17, 5, 6, 8, 4, 2
HIGH_BLOCKS, LOW_BLOCKS, TOKENS = 1, 1, 3

case = Case(__file__, seed=9, tolerance=1e-5, gradient_tolerance=3e-5)
shapes = linear_shapes("frame", BINS, FRAME)
shapes |= linear_shapes("to_high", 2 * FRAME, HIGH) | linear_shapes("to_low", 4 * HIGH, LOW)
for i in range(HIGH_BLOCKS):
    shapes |= convnext_shapes(f"high.{i}", HIGH, EXPANSION * HIGH)
for i in range(LOW_BLOCKS):
    shapes |= convnext_shapes(f"low.{i}", LOW, EXPANSION * LOW)
shapes |= {"norm.weight": (LOW,), "norm.bias": (LOW,)} | linear_shapes("out", LOW, 2 * LATENT)
p = case.params(shapes)

log_amplitude = case.leaf("input.x", case.normal(2, 8 * TOKENS, BINS, scale=2.5, mean=-6.0))
x = F.gelu(linear(part(p, "frame"), (log_amplitude + 6.0) / 2.5), approximate="tanh")
x = linear(part(p, "to_high"), torch.cat([x[:, 0::2], x[:, 1::2]], dim=-1))
for i in range(HIGH_BLOCKS):
    x = convnext(part(p, f"high.{i}"), x)
x = linear(part(p, "to_low"), torch.cat([x[:, k::4] for k in range(4)], dim=-1))
for i in range(LOW_BLOCKS):
    x = convnext(part(p, f"low.{i}"), x)
# Mean and log variance side by side.
posterior = linear(part(p, "out"), layer_norm(part(p, "norm"), x, 1e-6))
case.backward(posterior)
mean, log_var = posterior.detach().chunk(2, dim=-1)
normal = torch.distributions.Normal
divergence = torch.distributions.kl_divergence(normal(mean, torch.exp(log_var / 2)), normal(0.0, 1.0))
case.constant("divergence", divergence.sum(-1).mean())
noise = case.constant("noise", case.normal(*mean.shape))
case.constant("sample", normal(mean, torch.exp(log_var / 2)).icdf(normal(0.0, 1.0).cdf(noise)))
case.save()
