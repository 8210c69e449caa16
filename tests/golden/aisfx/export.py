"""The aiSFX network with random weights and a tenth of the width, by numpy and scipy.

The signal is a formula that the test repeats: 165,000 samples at 44.1 kHz are 162 frames, two blocks of 100.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.signal import correlate

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case

SAMPLES, WINDOW, HOP, BANDS = 165_000, 2048, 1024, 96


def spectrogram(x):
    """[samples] -> [frames, 96]"""
    frames = -(-(len(x) + HOP // 2) // HOP)
    x = np.pad(x, (WINDOW // 2, frames * HOP + WINDOW))
    window = np.hanning(WINDOW)
    blocks = np.stack([x[at * HOP : at * HOP + WINDOW] * window for at in range(frames)])
    power = np.abs(np.fft.rfft(blocks)) ** 2
    mel = lambda hz: 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)
    edges = np.linspace(0.0, mel(22_050.0), BANDS + 2)
    bins = mel(np.arange(WINDOW // 2 + 1) * 44_100 / WINDOW)
    bank = np.stack([np.interp(bins, edges[i : i + 3], [0.0, 1.0, 0.0], 0.0, 0.0) for i in range(BANDS)], 1)
    return np.log10(1.0 + 1e4 * (power @ (bank / bank.sum(0)))) / 9.457799


def network(x, weights):
    """[frames, bands] -> [channels]"""
    x = x[None]
    for block in range(1, 5):
        for layer in (1, 2):
            kernel, bias = weights[f"{block}.{layer}.weight"], weights[f"{block}.{layer}.bias"]
            same = [sum(correlate(a, k, "same") for a, k in zip(x, kernels)) for kernels in kernel]
            x = np.maximum(np.stack(same) + bias[:, None, None], 0.0)
        if block < 4:
            c, h, w = x.shape
            x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(c, h // 2, 2, w // 2, 2).max((2, 4))
    return x.mean(2).max(1)


case = Case(__file__, seed=2, tolerance=5e-5)
weights, channels = {}, 1
for block, wider in zip(range(1, 5), (3, 4, 5, 6)):
    for layer in (1, 2):
        fan = 9 * channels
        weights[f"{block}.{layer}.weight"] = case.normal(wider, channels, 3, 3, scale=(2.0 / fan) ** 0.5)
        weights[f"{block}.{layer}.bias"] = case.normal(wider, scale=0.2)
        channels = wider
for name, value in weights.items():
    case.constant(f"param.{name}", value)
i = np.arange(SAMPLES, dtype=np.float64)
signal = 0.5 * np.exp(-i / 60000) * np.sin(0.01 * i + 5e-6 * i**2) + 0.1 * np.sin(0.9 * i) * np.sin(1e-4 * i)
levels = spectrogram(signal.astype(np.float32).astype(np.float64))
blocks = [levels[:100], levels[50:150]]
case.constant("output", np.stack([network(block, weights) for block in blocks]))
case.metadata |= {"samples": str(SAMPLES)}
case.save()
