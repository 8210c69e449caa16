"""A ConvNeXt block on a batch of three clips of eleven frames."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import convnext, convnext_shapes, part

case = Case(__file__, seed=8, tolerance=5e-6, gradient_tolerance=2e-5)
p = case.params(convnext_shapes("block", 10, 20))
x = case.leaf("input.x", case.normal(3, 11, 10))
case.backward(convnext(part(p, "block"), x))
case.save()
