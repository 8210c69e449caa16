"""The codec's decoder at a tiny size: one token becomes eight frames of tonal and noise log amplitudes."""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import convnext, convnext_shapes, layer_norm, linear, linear_shapes, part

BINS, HIGH, LOW, LATENT, EXPANSION = 17, 6, 8, 4, 2
HIGH_BLOCKS, LOW_BLOCKS, TOKENS = 2, 1, 3

case = Case(__file__, seed=10, tolerance=1e-5, gradient_tolerance=3e-5)
shapes = linear_shapes("to_low", LATENT, LOW) | linear_shapes("to_high", LOW, 4 * HIGH)
for i in range(LOW_BLOCKS):
    shapes |= convnext_shapes(f"low.{i}", LOW, EXPANSION * LOW)
for i in range(HIGH_BLOCKS):
    shapes |= convnext_shapes(f"high.{i}", HIGH, EXPANSION * HIGH)
shapes |= {"norm.weight": (HIGH,), "norm.bias": (HIGH,)} | linear_shapes("out", HIGH, 2 * 2 * BINS)
p = case.params(shapes)


def interleave(parts: list[torch.Tensor]) -> torch.Tensor:
    """Equal parts of every step, one after the other in time."""
    return torch.stack(parts, dim=2).flatten(1, 2)


latent = case.leaf("input.x", case.normal(2, TOKENS, LATENT))
x = linear(part(p, "to_low"), latent)
for i in range(LOW_BLOCKS):
    x = convnext(part(p, f"low.{i}"), x)
x = interleave(list(linear(part(p, "to_high"), x).chunk(4, dim=-1)))
for i in range(HIGH_BLOCKS):
    x = convnext(part(p, f"high.{i}"), x)
x = linear(part(p, "out"), layer_norm(part(p, "norm"), x, 1e-6))
case.backward(interleave(list(x.chunk(2, dim=-1))) * 2.0 - 6.0)
case.save()
