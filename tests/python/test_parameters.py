"""The parameters that a VST3 host sees: names, ranges, defaults, and that setting one sticks."""

from support import load, read_state, render

# Name in pedalboard's words (with the unit), smallest, largest, default.
FROZEN = [
    ("steps", 1.0, 24.0, 8.0),
    ("length_s", 0.25, 30.0, 2.0),
    ("guidance", 0.0, 10.0, 4.0),
    ("seed", 0.0, 999_999.0, 1.0),
    ("gain_db", -60.0, 12.0, 0.0),
    ("attack_ms", 0.0, 5000.0, 0.0),
    ("release_ms", 5.0, 10_000.0, 5.0),
]

plugin = load()
assert plugin.name == "Straightshot", plugin.name
# JUCE calls an effect whatever has an audio input, and this one has one beside its notes: the side chain that a curve
# is recorded from.
assert plugin.is_instrument and plugin.is_effect
parameters = plugin.parameters
for name, smallest, largest, default in FROZEN:
    found = parameters[name]
    assert (found.min_value, found.max_value) == (smallest, largest), found
    assert float(getattr(plugin, name)) == default, found
# JUCE lists what is hidden as well: that is the controllers alone.
hidden = [name for name in parameters if name.startswith("midi_")]
assert len(parameters) == 18 + len(hidden) and not any("revision" in name for name in parameters), list(parameters)
assert plugin.play_mode == "Note" and not plugin.key_tracking

plugin.steps = 16
plugin.play_mode = "Gate"
# VST3 hands changes over with the next block.
render(plugin, 0.1)
state, _ = read_state(plugin)
assert state["params"]["steps"] == {"i32": 16}, state["params"]
assert "gate" in str(state["params"]["playmode"]), state["params"]

# Every parameter at both ends and between, as automation does it.
for value in (0.0, 1.0, 0.37):
    for parameter in parameters.values():
        parameter.raw_value = value
    render(plugin, 0.05)
state, session = read_state(plugin)
assert session["pending"] is None, "a parameter started a generation"
assert session["takes"] == []
