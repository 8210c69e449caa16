"""A project saved with an unfinished job gets its sound: from prompt to audio in a VST3 host."""

import numpy as np
from support import LIMIT_S, take_samples, load, read_state, render, request, wait_until, wait_until_heard, write_state

plugin = load()
assert not np.any(render(plugin, 0.5, (0.0, 0.4))), "sound without a take"

wanted = request("glass bottle smashing on a stone floor", steps=1, seconds=0.5, seed=11)
state, session = read_state(plugin)
session["prompt"] = wanted["prompt"]
session["pending"] = wanted
write_state(plugin, state, session)


# pedalboard renders offline, which waits for a sound that is being made: the first block has it.
assert np.any(render(plugin, 0.5, (0.0, 0.4))), "the render did not wait"


def finished():
    _, session = read_state(plugin)
    return session if session["pending"] is None else None


session = wait_until(finished, f"a take within {LIMIT_S} s")
take = next(take for take in session["takes"] if take["id"] == session["active_take"])
made = dict(take["request"])
assert made.pop("model")["name"], take["request"]
assert made == wanted, made
samples, rate_hz = take_samples(take)
assert len(samples) == round(0.5 * rate_hz), len(samples)
assert np.all(np.isfinite(samples)) and np.max(np.abs(samples)) > 0.01

wait_until_heard(plugin)
sound = render(plugin, 1.0, (0.1, 0.2))
level = np.max(np.abs(sound)) / np.max(np.abs(samples))
assert 0.9 < level < 1.1, f"the take is played at {level:.2f} of its level"
