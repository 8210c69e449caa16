"""Rotary embedding of two heads of six features at nine positions."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import rotary

case = Case(__file__, seed=4, tolerance=3e-6, gradient_tolerance=3e-6)
x = case.leaf("input.x", case.normal(2, 9, 12))
case.backward(rotary(x, heads=2))
case.save()
