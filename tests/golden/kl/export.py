"""Divergences of random label distributions by `scipy.stats.entropy` and `scipy.special.rel_entr`."""

import sys
from pathlib import Path

import numpy as np
from scipy.special import expit, rel_entr, softmax
from scipy.stats import entropy

sys.path.insert(0, str(Path(__file__).parent.parent))
from numpy_case import Case

case = Case(__file__, seed=3, tolerance=1e-5)
# Three patches each, as wide as the real thing: distributions are means over patches.
real, made = (case.constant(name, case.normal(3, 521, scale=2.0)) for name in ("real", "made"))
p, q = (softmax(x, axis=1).mean(0) for x in (real, made))
case.constant("distribution", p)
case.constant("divergence", np.array([entropy(p, q)]))
p, q = (expit(x).mean(0) for x in (real, made))
case.constant("posteriors", p)
case.constant("independent", np.array([(rel_entr(p, q) + rel_entr(1 - p, 1 - q)).sum()]))
case.save()
