"""The codec's encoder at a tiny size: eight spectrogram frames become one token."""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import band_block, band_block_shapes, layer_norm, linear, linear_shapes, part

GROUPS, CHANNELS, DIM, MIX, EXPANSION = [(2, 4), (1, 8)], 2, 6, 3, 2
BLOCKS, TOKENS = 1, 3
BANDS, BINS = sum(bands for bands, _ in GROUPS), 1 + sum(bands * bins for bands, bins in GROUPS)

case = Case(__file__, seed=9, tolerance=1e-5, gradient_tolerance=3e-5)
shapes: dict[str, tuple[int, ...]] = {"band_embedding": (BANDS, DIM), "norm.weight": (DIM,), "norm.bias": (DIM,)}
for i, (_, bins) in enumerate(GROUPS):
    shapes |= linear_shapes(f"read.{i}", 8 * bins, DIM)
for i in range(BLOCKS):
    shapes |= band_block_shapes(f"blocks.{i}", DIM, EXPANSION * DIM, BANDS, MIX)
shapes |= linear_shapes("out", DIM, 2 * CHANNELS)
p = case.params(shapes)

log_amplitude = case.leaf("input.x", case.normal(2, 8 * TOKENS, BINS, scale=2.5, mean=-6.0))
columns, start = [], 0
for i, (bands, bins) in enumerate(GROUPS):
    for _ in range(bands):
        patch = log_amplitude[:, :, start : start + bins].unflatten(1, (TOKENS, 8)).flatten(2)
        columns.append(linear(part(p, f"read.{i}"), (patch + 6.0) / 2.5))
        start += bins
x = torch.stack(columns, dim=2) + p["band_embedding"]
for i in range(BLOCKS):
    x = band_block(part(p, f"blocks.{i}"), x)
out = linear(part(p, "out"), layer_norm(part(p, "norm"), x, 1e-6))
# Mean and log variance side by side.
posterior = torch.cat([half.flatten(2) for half in out.chunk(2, dim=-1)], dim=-1)
case.backward(posterior)
mean, log_var = posterior.detach().chunk(2, dim=-1)
normal = torch.distributions.Normal
divergence = torch.distributions.kl_divergence(normal(mean, torch.exp(log_var / 2)), normal(0.0, 1.0))
case.constant("divergence", divergence.sum(-1).mean())
noise = case.constant("noise", case.normal(*mean.shape))
case.constant("sample", normal(mean, torch.exp(log_var / 2)).icdf(normal(0.0, 1.0).cdf(noise)))
case.save()
