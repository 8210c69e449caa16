"""Levels of a decaying tone in noise on short frames, and noise that is brought to them, with numpy's transforms.

Frame i is centred on sample (i + 1/2) hop; levels are 1/2 ln(mean |X|^2 + floor^2) of amplitudes relative to a full-scale
sine. Gains are the root of what is wanted over what is there, -50 to +9 dB, one for all bins of a band.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case

N_FFT, HOP, FRAMES, BANDS, FLOOR = 32, 8, 40, [1, 2, 4, 10], 1e-5
EDGES = np.cumsum([0] + BANDS[:-1])
LEAD = (N_FFT - HOP) // 2
WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)


def spectra(samples: np.ndarray) -> np.ndarray:
    padded = np.concatenate([np.zeros(LEAD), samples, np.zeros(N_FFT)])
    return np.stack([np.fft.rfft(padded[i * HOP :][:N_FFT] * WINDOW) for i in range(FRAMES)])


def powers(spectrum: np.ndarray) -> np.ndarray:
    squares = np.abs(spectrum) ** 2 / (WINDOW.sum() / 2) ** 2
    return np.add.reduceat(squares, EDGES, axis=1) / np.array(BANDS)


case = Case(__file__, seed=31, tolerance=2e-4)
i = np.arange(FRAMES * HOP)
signal = np.where(i > 100, np.exp(-(i - 100) / 60) * np.sin(0.4 * i), 0) + 0.001 * case.normal(i.size)
signal = case.constant("signal", signal.astype(np.float32).astype(np.float64))
other = case.constant("other", case.normal(i.size, scale=0.1))
levels = case.constant("levels", 0.5 * np.log(powers(spectra(signal)) + FLOOR**2))
wanted = np.exp(2 * levels) - FLOOR**2
there = spectra(other)
gain = np.clip(np.sqrt(wanted / (powers(there) + 1e-14)), 10 ** (-50 / 20), 10 ** (9 / 20))
blocks = np.fft.irfft(there * np.repeat(gain, BANDS, axis=1), N_FFT, axis=1) * WINDOW
out, weight = np.zeros((2, LEAD + FRAMES * HOP + N_FFT))
for frame in range(FRAMES):
    out[frame * HOP :][:N_FFT] += blocks[frame]
    weight[frame * HOP :][:N_FFT] += WINDOW**2
case.constant("output", (out / np.maximum(weight, 1e-3))[LEAD:][: FRAMES * HOP])
case.metadata |= {"n_fft": str(N_FFT), "hop_length": str(HOP)}
case.save()
