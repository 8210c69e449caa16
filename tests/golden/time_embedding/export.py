"""Flow time as a vector, ends of the interval included.

The angle of the fastest sinusoid is 1000 t radians, of which a 32-bit float keeps 3e-5: hence the tolerance.
"""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import linear_shapes, time_embedding

case = Case(__file__, seed=7, tolerance=1e-4, gradient_tolerance=1e-4)
p = case.params(linear_shapes("hidden", 256, 8) | linear_shapes("out", 8, 8))
t = case.constant("t", torch.tensor([0.0, 0.125, 0.3, 0.77, 1.0], dtype=torch.float32).to(torch.float64))
case.backward(time_embedding(p, t))
case.save()
