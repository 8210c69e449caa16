"""An affine map with its matrix stored `[in, out]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import linear, part

case = Case(__file__, seed=1, tolerance=2e-6, gradient_tolerance=2e-6)
p = case.params({"layer.weight": (6, 4), "layer.bias": (4,)})
x = case.leaf("input.x", case.normal(2, 5, 6))
case.backward(linear(part(p, "layer"), x))
case.save()
