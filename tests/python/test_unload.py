"""Loading and removing the plugin again and again leaves no thread behind, even in the middle of a job."""

import gc
import os
import time

from support import load, read_state, render, request, wait_until, write_state


def threads():
    return len(os.listdir("/proc/self/task"))


plugin = load()
render(plugin, 0.02)
del plugin
gc.collect()
# A pool of candle, made once with at most a thread per core, stays; nothing else may.
limit = threads() + os.cpu_count()
for round_number in range(20):
    plugin = load()
    render(plugin, 0.02, (0.0, 0.01))
    if round_number % 2:
        state, session = read_state(plugin)
        session["pending"] = request("thunder rolls over the hills", steps=24, seconds=10.0)
        write_state(plugin, state, session)
        # Not rendered: pedalboard renders offline, which waits for the sound.
        time.sleep(0.02 * round_number)
    del plugin
    gc.collect()
wait_until(lambda: threads() <= limit, f"a return to {limit} threads")
