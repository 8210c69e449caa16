"""A block of the codec on a grid of nine tokens and four bands."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import band_block, band_block_shapes, part

DIM, HIDDEN, BANDS, MIX = 6, 10, 4, 3

case = Case(__file__, seed=8, tolerance=1e-5, gradient_tolerance=3e-5)
p = case.params(band_block_shapes("block", DIM, HIDDEN, BANDS, MIX))
x = case.leaf("input.x", case.normal(2, 9, BANDS, DIM))
case.backward(band_block(part(p, "block"), x))
case.save()
