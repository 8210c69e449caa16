"""Percentile interval of a mean by `scipy.stats.bootstrap`.

Both sides draw at random, so the test allows a share of the interval's width.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case

case = Case(__file__, seed=4, tolerance=0.0)
values = case.constant("values", np.exp(case.normal(80)).astype(np.float32).astype(np.float64))
interval = bootstrap((values,), np.mean, n_resamples=40_000, method="percentile", rng=np.random.default_rng(5))
low, high = interval.confidence_interval
case.constant("interval", np.array([values.mean(), low, high]))
case.metadata |= {"share_of_width": "0.03"}
case.save()
