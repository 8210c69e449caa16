"""The velocity network at a tiny size: output, flow-matching loss and the gradient of every parameter.

Two clips of different length and two texts of different length, padded. Time 0 is noise, 1 is data.
"""

import torch
import torch.nn.functional as F

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import joint_attention, layer_norm, linear, linear_shapes, part, rms_norm, swiglu, time_embedding

DIM, HEADS, BLOCKS, HIDDEN, CHANNELS, TEXT = 12, 2, 2, 20, 5, 8
FRAMES, TOKENS = 6, 4

case = Case(__file__, seed=11, tolerance=1e-4, gradient_tolerance=2e-4)
shapes = linear_shapes("input", CHANNELS, DIM)
shapes |= linear_shapes("time.hidden", 256, DIM) | linear_shapes("time.out", DIM, DIM)
shapes |= {"caption_norm.weight": (TEXT,), "caption_norm.bias": (TEXT,)} | linear_shapes("caption", TEXT, DIM)
for i in range(BLOCKS):
    b = f"blocks.{i}"
    shapes |= linear_shapes(f"{b}.modulation", DIM, 6 * DIM)
    shapes |= {f"{b}.{norm}.weight": (DIM,) for norm in ("attention_norm", "feed_forward_norm")}
    shapes |= {f"{b}.text_norm.weight": (TEXT,), f"{b}.attention.gate": (HEADS,)}
    for name in ("query", "key", "value", "out"):
        shapes |= linear_shapes(f"{b}.attention.{name}", DIM, DIM, bias=False)
    for name in ("text_key", "text_value"):
        shapes |= linear_shapes(f"{b}.attention.{name}", TEXT, DIM, bias=False)
    for name, rows, columns in (("gate", DIM, HIDDEN), ("value", DIM, HIDDEN), ("out", HIDDEN, DIM)):
        shapes |= linear_shapes(f"{b}.feed_forward.{name}", rows, columns, bias=False)
shapes |= linear_shapes("final_modulation", DIM, 2 * DIM) | linear_shapes("output", DIM, CHANNELS)
p = case.params(shapes)

mask = case.constant("mask", torch.tensor([[1.0] * 6, [1.0] * 4 + [0.0] * 2], dtype=torch.float64))
text_mask = case.constant("text_mask", torch.tensor([[1.0] * 3 + [0.0], [1.0] * 4], dtype=torch.float64))
noise = case.constant("noise", case.normal(2, FRAMES, CHANNELS))
data = case.constant("data", case.normal(2, FRAMES, CHANNELS) * mask[:, :, None])
text = case.constant("text", case.normal(2, TOKENS, TEXT) * text_mask[:, :, None])
pooled = case.constant("pooled", case.normal(2, TEXT))
t = case.constant("t", torch.tensor([0.25, 0.8125], dtype=torch.float64))


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return x * (1 + scale[:, None]) + shift[:, None]


def velocity(x_t: torch.Tensor) -> torch.Tensor:
    """Flag-DiT (Gao et al., 2024) with the adaptive norm of DiT: shift, scale and gate for each half of a block."""
    caption = linear(part(p, "caption"), layer_norm(part(p, "caption_norm"), pooled, 1e-5))
    condition = F.silu(time_embedding(part(p, "time"), t) + caption)
    x = linear(part(p, "input"), x_t)
    for i in range(BLOCKS):
        b = part(p, f"blocks.{i}")
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = linear(part(b, "modulation"), condition).chunk(6, dim=1)
        h = modulate(rms_norm(part(b, "attention_norm"), x, 1e-5), shift_a, scale_a)
        words = rms_norm(part(b, "text_norm"), text, 1e-5)
        x = x + gate_a[:, None] * joint_attention(part(b, "attention"), h, words, HEADS, mask, text_mask)
        h = modulate(rms_norm(part(b, "feed_forward_norm"), x, 1e-5), shift_f, scale_f)
        x = x + gate_f[:, None] * swiglu(part(b, "feed_forward"), h)
    shift, scale = linear(part(p, "final_modulation"), condition).chunk(2, dim=1)
    x = modulate(F.layer_norm(x, (DIM,), eps=1e-6), shift, scale)
    return linear(part(p, "output"), x)


x_t = torch.lerp(noise, data, t[:, None, None])
v = velocity(x_t)
case.constant("x_t", x_t)
case.constant("output", v.detach())
exists = mask.bool()
loss = F.mse_loss(v[exists], (data - noise)[exists])
case.constant("loss", loss.detach())
case.gradients(loss)
case.save()
