"""Layer norm over 40 features: one full set of partial sums and a rest."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import layer_norm

case = Case(__file__, seed=2, tolerance=3e-6, gradient_tolerance=5e-6)
p = case.params({"weight": (40,), "bias": (40,)})
x = case.leaf("input.x", case.normal(2, 3, 40, scale=3.0, mean=1.5))
case.backward(layer_norm(p, x, 1e-5))
case.save()
