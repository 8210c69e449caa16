"""A project keeps its takes: what one instance saves, another saves in the same bytes; rubbish does no harm."""

import random

import numpy as np
from support import load, put_take, read_state, render, settle, with_component, write_state

first = load()
put_take(first, np.linspace(-0.5, 0.5, 9000), 44_100)
state, session = read_state(first)
session["prompt"] = 'door "slams" 玻璃\n'
write_state(first, state, session)
settle(first)
assert read_state(first)[1]["prompt"] == session["prompt"]

second = load()
second.preset_data = first.preset_data
render(second, 0.1)
assert second.preset_data == first.preset_data

third = load()
third.raw_state = first.raw_state
render(third, 0.1)
assert read_state(third) == read_state(first)

numbers = random.Random(1)
for _ in range(100):
    preset = with_component(first.preset_data, numbers.randbytes(numbers.randrange(2000)))
    try:
        second.preset_data = preset
    except RuntimeError:
        # The host says that the plugin refused it.
        pass
    assert np.all(np.isfinite(render(second, 0.01)))
second.preset_data = first.preset_data
assert read_state(second) == read_state(first)
