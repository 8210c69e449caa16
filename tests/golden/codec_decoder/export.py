"""The codec's decoder at a tiny size: one token becomes eight frames of tonal and noise log amplitudes."""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import band_block, band_block_shapes, layer_norm, linear, linear_shapes, part

GROUPS, CHANNELS, DIM, MIX, EXPANSION = [(2, 4), (1, 8)], 2, 6, 3, 2
BLOCKS, TOKENS = 2, 3
BANDS = sum(bands for bands, _ in GROUPS)

case = Case(__file__, seed=10, tolerance=1e-5, gradient_tolerance=3e-5)
shapes: dict[str, tuple[int, ...]] = {"band_embedding": (BANDS, DIM), "norm.weight": (DIM,), "norm.bias": (DIM,)}
shapes |= linear_shapes("read", CHANNELS, DIM)
for i in range(BLOCKS):
    shapes |= band_block_shapes(f"blocks.{i}", DIM, EXPANSION * DIM, BANDS, MIX)
for i, (_, bins) in enumerate(GROUPS):
    shapes |= linear_shapes(f"write.{i}", DIM, 8 * 2 * bins)
p = case.params(shapes)

latent = case.leaf("input.x", case.normal(2, TOKENS, BANDS * CHANNELS))
x = linear(part(p, "read"), latent.unflatten(2, (BANDS, CHANNELS))) + p["band_embedding"]
for i in range(BLOCKS):
    x = band_block(part(p, f"blocks.{i}"), x)
x = layer_norm(part(p, "norm"), x, 1e-6)
tonal, noise, band = [], [], 0
for i, (bands, bins) in enumerate(GROUPS):
    for _ in range(bands):
        frames = linear(part(p, f"write.{i}"), x[:, :, band])
        both = frames.unflatten(2, (2, 8, bins))
        tonal.append(both[:, :, 0].flatten(1, 2))
        noise.append(both[:, :, 1].flatten(1, 2))
        band += 1
for columns in (tonal, noise):
    columns.append(columns[-1][:, :, -1:])
case.backward(torch.cat(tonal + noise, dim=-1) * 2.0 - 6.0)
case.save()
