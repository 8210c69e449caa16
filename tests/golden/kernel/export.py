"""Kernel audio distances pair by pair from the formula: `scipy.spatial.distance` measures, the kernel's width is the median."""

import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist, pdist

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case


def distance(reference, other):
    # An odd number of pairs, so that the median is one of them.
    width = np.median(pdist(reference))
    kernel = lambda d: np.exp(-(d**2) / (2.0 * width**2))
    within = kernel(pdist(reference)).mean() + kernel(pdist(other)).mean()
    return 100.0 * (within - 2.0 * kernel(cdist(reference, other)).mean())


case = Case(__file__, seed=2, tolerance=1e-5)
mix = case.normal(8, 8)
real = case.constant("real", (case.normal(58, 8) @ mix + 1.0).astype(np.float32).astype(np.float64))
made = case.constant("made", (case.normal(50, 8) @ mix * 0.7).astype(np.float32).astype(np.float64))
few = case.constant("few", made[:5])
case.constant("distance", np.array([distance(real, made)]))
case.constant("distance_few", np.array([distance(real, few)]))
case.save()
