"""Fréchet distances by `scipy.linalg.sqrtm`: as many windows as usual, and fewer windows than dimensions."""

import sys
from pathlib import Path

import numpy as np
from scipy.linalg import sqrtm

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case


def distance(a, b):
    (mean_a, cov_a), (mean_b, cov_b) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (a, b))
    return ((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2.0 * sqrtm(cov_a @ cov_b).real)


case = Case(__file__, seed=1, tolerance=1e-4)
mix = case.normal(8, 8)
real = case.constant("real", (case.normal(60, 8) @ mix + 1.0).astype(np.float32).astype(np.float64))
made = case.constant("made", (case.normal(50, 8) @ mix * 0.7).astype(np.float32).astype(np.float64))
few = case.constant("few", made[:5])
case.constant("distance", np.array([distance(real, made)]))
case.constant("distance_few", np.array([distance(real, few)]))
case.save()
