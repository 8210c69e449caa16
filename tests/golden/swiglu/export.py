"""The gated feed-forward layer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import linear_shapes, swiglu

case = Case(__file__, seed=6, tolerance=5e-6, gradient_tolerance=1e-5)
shapes = linear_shapes("gate", 10, 24, bias=False) | linear_shapes("value", 10, 24, bias=False)
p = case.params(shapes | linear_shapes("out", 24, 10, bias=False))
x = case.leaf("input.x", case.normal(2, 4, 10, scale=2.0))
case.backward(swiglu(p, x))
case.save()
