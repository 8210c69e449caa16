#!/usr/bin/env python3
"""What YAMNet hears in sound files: a table of its most likely AudioSet classes.

    python3 yamnet_labels.py --weights yamnet_weights.npz --classes yamnet_class_map.csv [--markdown] FILE.wav ...

Needs numpy, scipy and soundfile. The network (Apache-2.0) is computed here in plain numpy from its published
weights: 16 kHz mono, 64 mel bands from 125 to 7500 Hz, windows of 0.96 s; scores are the maximum over windows.
It judges the model from outside: nothing of it is used in training.
"""
import argparse
import csv
import pathlib

import numpy as np
import scipy.signal
import soundfile

RATE, WINDOW, HOP, FFT, BANDS, PATCH, STEP = 16000, 400, 160, 512, 64, 96, 48
STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def mel_matrix():
    """[257, 64]: triangles that are linear on the HTK mel scale; the constant bin belongs to none."""
    mel = lambda hz: 1127.0 * np.log1p(hz / 700.0)
    edges = np.linspace(mel(125.0), mel(7500.0), BANDS + 2)
    bins = mel(np.linspace(0.0, RATE / 2, FFT // 2 + 1)[1:])[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(0.0, np.minimum(rising, falling)), ((1, 0), (0, 0)))


def patches(samples):
    """[samples] -> [patches, 96, 64]; silence is added up to a whole last patch."""
    shortest, hop = int(RATE * 0.975), STEP * HOP
    total = shortest if len(samples) <= shortest else shortest + -(-(len(samples) - shortest) // hop) * hop
    samples = np.pad(samples, (0, total - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    log_mel = np.log(np.abs(np.fft.rfft(frames * window, FFT)) @ mel_matrix() + 0.001)
    return np.stack([log_mel[i : i + PATCH] for i in range(0, len(log_mel) - PATCH + 1, STEP)])


def same_pad(x, kernel, stride):
    """Zero padding so that the output has ceil(n / stride) rows and columns."""
    pads = []
    for n in x.shape[1:3]:
        need = max((-(-n // stride) - 1) * stride + kernel - n, 0)
        pads.append((need // 2, need - need // 2))
    return np.pad(x, ((0, 0), *pads, (0, 0)))


def windows(x, stride):
    """[b, h, w, c] -> [b, h', w', c, 3, 3]."""
    view = np.lib.stride_tricks.sliding_window_view(same_pad(x, 3, stride), (3, 3), axis=(1, 2))
    return view[:, ::stride, ::stride]


class Yamnet:
    """MobileNet v1 as published for AudioSet."""

    def __init__(self, weights, classes):
        self.w = dict(np.load(weights))
        self.names = [row["display_name"] for row in csv.DictReader(open(classes, encoding="utf-8"))]

    def norm(self, x, i):
        w = self.w
        return np.maximum(0.0, (x - w[f"{i}/moving_mean"]) / np.sqrt(w[f"{i}/moving_variance"] + 1e-4) + w[f"{i}/beta"])

    def scores(self, samples):
        """Probability per class, the maximum over windows."""
        x = patches(samples)[..., None]
        x = self.norm(np.einsum("bhwcij,ijco->bhwo", windows(x, 2), self.w["0/kernel"]), 1)
        i = 2
        for stride in STRIDES:
            kernel = self.w[f"{i}/depthwise_kernel"][..., 0]
            x = self.norm(np.einsum("bhwcij,ijc->bhwc", windows(x, stride), kernel), i + 1)
            x = self.norm(x @ self.w[f"{i + 2}/kernel"].reshape(x.shape[-1], -1), i + 3)
            i += 4
        logits = x.mean((1, 2)) @ self.w[f"{i}/kernel"] + self.w[f"{i}/bias"]
        return (1.0 / (1.0 + np.exp(-logits))).max(0)


def read(path):
    samples, rate = soundfile.read(path, always_2d=True)
    divisor = np.gcd(RATE, rate)
    return scipy.signal.resample_poly(samples.mean(1), RATE // divisor, rate // divisor).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--classes", required=True)
    parser.add_argument("--top", type=int, default=4)
    parser.add_argument("--markdown", action="store_true", help="print table rows")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    net = Yamnet(arguments.weights, arguments.classes)
    for path in arguments.files:
        scores = net.scores(read(path))
        best = ", ".join(f"{net.names[k]} {scores[k]:.2f}" for k in scores.argsort()[::-1][: arguments.top])
        name = pathlib.Path(path).stem.replace("-", " ")
        print(f"| {name} | {best} |" if arguments.markdown else f"{path}: {best}")


if __name__ == "__main__":
    main()
