"""What the scripts share: loading the plugin and reading and writing its saved state.

Each script is a program of its own: `cargo xtask test` runs every `test_*.py`, and a script fails by raising. The
host is pedalboard, which is JUCE: the way of hosting a VST3 that many workstations share.
"""

import base64
import hashlib
import io
import json
import os
import struct
import time
import zlib

import numpy as np
from mido import Message
from pedalboard import load_plugin
from pedalboard.io import AudioFile

SAMPLE_RATE_HZ = 48_000
# The key that plays a take at its own pitch.
KEY = 60
# How long a short sound may take on a slow and busy machine.
LIMIT_S = 300


def load():
    """A fresh instance of the bundle that `cargo xtask` built."""
    # pedalboard plays a note into a new instrument and waits this long for sound; a fresh Straightshot is silent.
    return load_plugin(os.environ["STRAIGHTSHOT_VST3"], initialization_timeout=0.01)


def render(plugin, seconds, *notes):
    """Plays `notes`, pairs of (on, off) in seconds; returns samples of shape [channels, frames]."""
    messages = []
    for on, off in notes:
        messages.append(Message("note_on", note=KEY, velocity=127, time=on))
        messages.append(Message("note_off", note=KEY, velocity=0, time=off))
    return plugin(messages, duration=seconds, sample_rate=SAMPLE_RATE_HZ, num_channels=2, reset=False)


def read_state(plugin):
    """The plugin's own JSON out of the preset that the host made of it, and its session."""
    preset = plugin.preset_data
    start, size = component_chunk(preset)
    state = json.loads(preset[start : start + size])
    return state, json.loads(state["fields"]["session"])


def write_state(plugin, state, session):
    """Restores a state whose session is replaced by `session`."""
    state = dict(state, fields=dict(state["fields"], session=json.dumps(session)))
    plugin.preset_data = with_component(plugin.preset_data, json.dumps(state).encode())


def component_chunk(preset):
    """Place and size of the processor's state in a .vstpreset file."""
    # Header: "VST3", version, class id (32 letters), offset of the list. List: "List", count, entries of id, offset, size.
    assert preset[:4] == b"VST3", preset[:4]
    (list_offset,) = struct.unpack_from("<q", preset, 40)
    assert preset[list_offset : list_offset + 4] == b"List"
    (count,) = struct.unpack_from("<i", preset, list_offset + 4)
    for index in range(count):
        entry = list_offset + 8 + 20 * index
        if preset[entry : entry + 4] == b"Comp":
            return struct.unpack_from("<qq", preset, entry + 4)
    raise AssertionError("the preset holds no state of the processor")


def with_component(preset, component):
    """A preset of the same class with nothing but this state in it."""
    header = preset[:40] + struct.pack("<q", 48 + len(component))
    return header + component + b"List" + struct.pack("<i", 1) + b"Comp" + struct.pack("<qq", 48, len(component))


def encode_audio(samples):
    """Samples as sessions of version 1 spell them: base64 of raw deflated little-endian 32-bit floats."""
    compressor = zlib.compressobj(wbits=-15)
    deflated = compressor.compress(samples.astype("<f4").tobytes()) + compressor.flush()
    return base64.b64encode(deflated).decode()


def take_samples(take):
    """The samples of a take in the project, and their rate: FLAC of 24 bits, known by its hash."""
    sound = take["sound"]
    flac = base64.b64decode(sound["flac"])
    assert hashlib.sha256(flac).hexdigest() == sound["hash"]
    with AudioFile(io.BytesIO(flac)) as file:
        samples = file.read(file.frames)
        assert samples.shape == (sound["channels"], sound["frames"]), samples.shape
        assert file.samplerate == sound["sample_rate_hz"]
    return samples[0], sound["sample_rate_hz"]


def request(prompt, steps=1, seconds=0.25, seed=1):
    """A request as the session spells it."""
    return {
        "prompt": prompt,
        "negative_prompt": "",
        "steps": steps,
        "guidance": 3.0,
        "seed": seed,
        "seconds": seconds,
    }


def put_take(plugin, samples, sample_rate_hz):
    """Makes `samples` the plugin's only and active take."""
    state, session = read_state(plugin)
    session["takes"] = [
        {
            "id": 1,
            "name": "test",
            "request": request("test"),
            "sample_rate_hz": sample_rate_hz,
            "model": "test",
            "audio": encode_audio(samples),
        }
    ]
    session["active_take"] = 1
    write_state(plugin, state, session)


def settle(plugin):
    """Waits until takes of version 1 have the form of this version; then what is saved stays the same."""

    def settled():
        _, session = read_state(plugin)
        return all("audio" not in take for take in session["takes"])

    wait_until(settled, "the new form of the takes")


def wait_until(condition, what):
    """Calls `condition` until it returns something true, and returns that."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {LIMIT_S} s")


def wait_until_heard(plugin):
    """Plays notes until one is heard, then waits for the sound's end."""

    def heard():
        return np.any(render(plugin, 0.05, (0.0, 0.01)))

    wait_until(heard, "a sound")
    wait_until(lambda: not np.any(render(plugin, 0.5)), "silence")
