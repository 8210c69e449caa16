"""A take of known samples is played on the sample of the note, at every sample rate."""

import numpy as np
from mido import Message
from support import KEY, SAMPLE_RATE_HZ, load, put_take, render, wait_until_heard

# A cosine begins at its largest value, so that the first sample can be seen.
take = (0.5 * np.cos(2 * np.pi * 1000 * np.arange(12_000) / SAMPLE_RATE_HZ)).astype(np.float32)

plugin = load()
put_take(plugin, take, SAMPLE_RATE_HZ)
wait_until_heard(plugin)
for on in (0.0, 0.1, 0.25001):
    sound = render(plugin, 1.0, (on, on + 0.05))
    start = int(np.flatnonzero(sound[0])[0])
    assert abs(start - on * SAMPLE_RATE_HZ) <= 1, f"note at {on} s begins at sample {start}"
    assert np.array_equal(sound[0], sound[1]), "a mono take sounds in the middle"
    # Between the fades of the player the samples are those of the take.
    inner = slice(600, len(take) - 600)
    assert np.allclose(sound[0][start : start + len(take)][inner], take[inner], atol=1e-4)
    assert not np.any(sound[0][start + len(take) + 1 :]), "sound after the end of the take"

# Rates change without warning; the pitch must not.
for rate_hz in (44_100, 96_000, 22_050, 48_000):
    notes = [Message("note_on", note=KEY, velocity=127, time=0.0), Message("note_off", note=KEY, time=0.2)]
    for _ in range(200):
        sound = plugin(notes, duration=0.5, sample_rate=rate_hz, num_channels=2, reset=False)[0]
        middle = sound[int(0.05 * rate_hz) : int(0.2 * rate_hz)]
        crossings = np.flatnonzero((middle[:-1] < 0) & (middle[1:] >= 0))
        if len(crossings) > 10:
            heard_hz = (len(crossings) - 1) * rate_hz / (crossings[-1] - crossings[0])
            if abs(heard_hz - 1000) < 5:
                break
    else:
        raise AssertionError(f"no 1000 Hz at a sample rate of {rate_hz} Hz")
