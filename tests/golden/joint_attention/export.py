"""Joint attention with open gates; one clip of the batch is padded and so is one text."""

import torch

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case
from reference import joint_attention, linear_shapes

DIM, TEXT, HEADS, FRAMES, TOKENS = 12, 10, 3, 7, 5

case = Case(__file__, seed=5, tolerance=5e-6, gradient_tolerance=1e-5)
shapes = {}
for name, rows in [("query", DIM), ("key", DIM), ("value", DIM), ("text_key", TEXT), ("text_value", TEXT), ("out", DIM)]:
    shapes |= linear_shapes(name, rows, DIM, bias=False)
p = case.params({**shapes, "gate": (HEADS,)})
x = case.leaf("input.x", case.normal(2, FRAMES, DIM))
text = case.leaf("input.text", case.normal(2, TOKENS, TEXT))
frame_mask = case.constant("frame_mask", torch.tensor([[1.0] * 7, [1.0] * 4 + [0.0] * 3]))
text_mask = case.constant("text_mask", torch.tensor([[1.0] * 2 + [0.0] * 3, [1.0] * 5]))
case.backward(joint_attention(p, x, text, HEADS, frame_mask, text_mask))
case.save()
