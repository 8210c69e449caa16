"""The codec's loss with given draws: value and gradient.

Gritsenko et al., 2020, equation (2), on the loudness ln a + 30 a^(1/3) of amplitudes floored at -80 dB: once per bin,
weighted by the slope of the mel scale, and once on the power of 48 bands that are equally wide in mel but at least
one bin.
"""

import math

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case

ROWS, BINS, RATE, BANDS = 2, 129, 16_000, 48

case = Case(__file__, seed=13, tolerance=5e-6, gradient_tolerance=2e-5)
parameters = case.leaf("input.x", case.normal(1, ROWS, 2 * BINS, scale=2.0, mean=-4.0))
target = case.constant("target", case.normal(1, ROWS, BINS, scale=2.0, mean=-4.0))
# u and v of the first draw, then of the second: [rows, 4, bins].
deviates = case.constant("deviates", case.normal(ROWS, 4, BINS, scale=0.5**0.5))

tonal, noise = parameters.squeeze(0).chunk(2, dim=-1)
width_hz = RATE / 2 / BINS


def loudness(power: torch.Tensor) -> torch.Tensor:
    amplitude = torch.sqrt(power)
    return torch.log(amplitude) + 30.0 * amplitude ** (1 / 3)


def draw(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Power of a phasor plus complex noise, one value per bin."""
    z = torch.exp(tonal) + torch.exp(noise) * torch.complex(u, v)
    return z.real**2 + z.imag**2 + 1e-4**2


def score(power1: torch.Tensor, power2: torch.Tensor, power_of_target: torch.Tensor) -> torch.Tensor:
    x1, x2, y = loudness(power1), loudness(power2), loudness(power_of_target)
    return (x1 - y).abs() + (x2 - y).abs() - (x1 - x2).abs()


def to_bands(power: torch.Tensor) -> torch.Tensor:
    sums, first = [], 0
    for band in range(1, BANDS + 1):
        hz = 700 * ((1 + RATE / 2 / 700) ** (band / BANDS) - 1)
        last = max(math.floor(hz / width_hz + 0.5), first + 1)
        sums.append(power[:, first:last].sum(1))
        first = last
    assert first == BINS
    return torch.stack(sums, dim=1)


powers = draw(deviates[:, 0], deviates[:, 1]), draw(deviates[:, 2], deviates[:, 3]), torch.exp(2 * target.squeeze(0))
weight = 1 / (1000.0 + width_hz * torch.arange(BINS, dtype=torch.float64))
weight = weight / weight.mean()
loss = (weight * score(*powers)).mean() + score(*(to_bands(power) for power in powers)).mean()
case.constant("loss", loss.detach())
case.gradients(loss)
case.metadata["sample_rate_hz"] = str(RATE)
case.save()
