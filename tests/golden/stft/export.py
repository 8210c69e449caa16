"""Log amplitudes of a decaying tone in noise, by `torch.stft`.

Frame i is centred on sample (i + 1/2) hop; amplitudes are relative to a full-scale sine and floored at -80 dB.
"""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case

N_FFT, HOP, TOKENS = 64, 16, 6
SAMPLES = 8 * HOP * TOKENS - 37  # Not a whole number of tokens: the rest is silence.

case = Case(__file__, seed=14, tolerance=1e-4)
i = torch.arange(SAMPLES, dtype=torch.float64)
signal = torch.exp(-i / 200) * torch.sin(0.4 * i) + 0.001 * case.normal(SAMPLES)
signal = case.constant("signal", signal.to(torch.float32).to(torch.float64))
frames = 8 * TOKENS
lead = (N_FFT - HOP) // 2
padded = torch.nn.functional.pad(signal, (lead, N_FFT + frames * HOP))
window = torch.hann_window(N_FFT, periodic=True, dtype=torch.float64)
spectrum = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)[:, :frames].T
amplitude = spectrum.abs() / (window.sum() / 2)
case.constant("output", 0.5 * torch.log(amplitude**2 + 1e-4**2))
case.metadata |= {"n_fft": str(N_FFT), "hop_length": str(HOP)}
case.save()
