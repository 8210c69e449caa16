"""The networks of the default model in PyTorch and onnxruntime, timed in turn with straightshot.

    pip install torch onnx onnxscript onnxruntime numpy
    python3 engine/benches/peers.py target/release/straightshot [--threads 1] [--rounds 5] [--json FILE]

Every round runs all three one after the other, so that a machine whose speed changes is as slow to each. The weights are
random: they do not change the time, and that the graphs are the same is what the golden tests are for. What is timed is
one evaluation of the velocity network and the decoder's network; text encoder,
phases and inverse transform are left out.
"""

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnxruntime
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "golden"))
import reference
from reference import Params, band_block, band_block_shapes, layer_norm, linear, linear_shapes, part

DIM, HEADS, BLOCKS, HIDDEN, CHANNELS, TEXT, WORDS = 256, 8, 8, 704, 128, 384, 10
GROUPS, CODEC_DIM, MIX, EXPANSION, CODEC_BLOCKS = [(16, 8), (8, 16), (8, 32)], 128, 8, 3, 5
BANDS = sum(bands for bands, _ in GROUPS)
SAMPLES_PER_TOKEN, RATE = 2048, 44_100


def rotary(x: torch.Tensor, heads: int, theta: float = 10_000.0) -> torch.Tensor:
    """The reference without complex numbers, which ONNX does not have."""
    batch, frames, dim = x.shape
    half = dim // heads // 2
    angle = torch.arange(frames)[:, None] * theta ** (-torch.arange(half) / half)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    a, b = x.reshape(batch, frames, heads, half, 2).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).reshape(batch, frames, dim)


reference.rotary = rotary


class Network(torch.nn.Module):
    """Random parameters of given shapes."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        for name, shape in shapes.items():
            scale = 1.0 if len(shape) < 2 else shape[0] ** -0.5
            self.register_buffer(name.replace(".", "__"), torch.randn(shape, generator=generator) * scale)

    def p(self) -> Params:
        return {name.replace("__", "."): value for name, value in self.named_buffers()}


class Flow(Network):
    def __init__(self) -> None:
        shapes = linear_shapes("input", CHANNELS, DIM) | linear_shapes("output", DIM, CHANNELS)
        for i in range(BLOCKS):
            b = f"blocks.{i}"
            shapes |= linear_shapes(f"{b}.modulation", DIM, 6 * DIM)
            shapes |= {f"{b}.{norm}.weight": (DIM,) for norm in ("attention_norm", "feed_forward_norm")}
            shapes |= {f"{b}.attention.gate": (HEADS,)}
            for name in ("query", "key", "value", "out"):
                shapes |= linear_shapes(f"{b}.attention.{name}", DIM, DIM, bias=False)
            for name, rows, columns in (("gate", DIM, HIDDEN), ("value", DIM, HIDDEN), ("out", HIDDEN, DIM)):
                shapes |= linear_shapes(f"{b}.feed_forward.{name}", rows, columns, bias=False)
        super().__init__(shapes | linear_shapes("final_modulation", DIM, 2 * DIM))

    def forward(self, x_t: torch.Tensor, condition: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Keys and values of the text are made once per generation and come from outside."""
        p = self.p()

        def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
            return x * (1 + scale[:, None]) + shift[:, None]

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.unflatten(-1, (HEADS, -1)).transpose(1, 2)

        x = linear(part(p, "input"), x_t)
        for i in range(BLOCKS):
            b = part(p, f"blocks.{i}")
            a = part(b, "attention")
            shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = linear(part(b, "modulation"), condition).chunk(6, dim=1)
            h = modulate(reference.rms_norm(part(b, "attention_norm"), x, 1e-5), shift_a, scale_a)
            query = split(rotary(linear(part(a, "query"), h), HEADS))
            key = split(rotary(linear(part(a, "key"), h), HEADS))
            own = F.scaled_dot_product_attention(query, key, split(linear(part(a, "value"), h)))
            read = F.scaled_dot_product_attention(query, split(keys[i]), split(values[i]))
            joined = own + torch.tanh(a["gate"])[None, :, None, None] * read
            x = x + gate_a[:, None] * linear(part(a, "out"), joined.transpose(1, 2).flatten(2))
            h = modulate(reference.rms_norm(part(b, "feed_forward_norm"), x, 1e-5), shift_f, scale_f)
            x = x + gate_f[:, None] * reference.swiglu(part(b, "feed_forward"), h)
        shift, scale = linear(part(p, "final_modulation"), condition).chunk(2, dim=1)
        return linear(part(p, "output"), modulate(F.layer_norm(x, (DIM,), eps=1e-6), shift, scale))


class Decoder(Network):
    def __init__(self) -> None:
        shapes: dict[str, tuple[int, ...]] = {"band_embedding": (BANDS, CODEC_DIM)}
        shapes |= {"norm.weight": (CODEC_DIM,), "norm.bias": (CODEC_DIM,)}
        shapes |= linear_shapes("read", CHANNELS // BANDS, CODEC_DIM)
        for i in range(CODEC_BLOCKS):
            shapes |= band_block_shapes(f"blocks.{i}", CODEC_DIM, EXPANSION * CODEC_DIM, BANDS, MIX)
        for i, (_, bins) in enumerate(GROUPS):
            shapes |= linear_shapes(f"write.{i}", CODEC_DIM, 8 * 2 * bins)
        super().__init__(shapes)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        p = self.p()
        x = linear(part(p, "read"), latent.unflatten(2, (BANDS, -1))) + p["band_embedding"]
        for i in range(CODEC_BLOCKS):
            x = band_block(part(p, f"blocks.{i}"), x)
        x = layer_norm(part(p, "norm"), x, 1e-6)
        halves: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        first = 0
        for i, (bands, bins) in enumerate(GROUPS):
            frames = linear(part(p, f"write.{i}"), x[:, :, first : first + bands])
            both = frames.unflatten(3, (2, 8, bins))
            for half, parts in enumerate(halves):
                parts.append(both[:, :, :, half].transpose(2, 3).flatten(3).flatten(1, 2))
            first += bands
        for parts in halves:
            parts.append(parts[-1][:, :, -1:])
        return torch.cat(halves[0] + halves[1], dim=-1) * 2.0 - 6.0


def inputs_of(seconds: float) -> dict[str, tuple[torch.nn.Module, tuple[torch.Tensor, ...]]]:
    tokens = -(-round(seconds * RATE) // SAMPLES_PER_TOKEN)
    text = torch.randn(BLOCKS, 1, WORDS, DIM)
    flow = (torch.randn(1, tokens, CHANNELS), torch.randn(1, DIM), text, text.clone())
    return {"flow": (Flow(), flow), "decode": (Decoder(), (torch.randn(1, tokens, CHANNELS),))}


def session(network: torch.nn.Module, inputs: tuple[torch.Tensor, ...], threads: int) -> onnxruntime.InferenceSession:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "network.onnx")
        torch.onnx.export(network.eval(), inputs, path, dynamo=True, external_data=False, verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def milliseconds(call, runs: int) -> float:
    call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def ours(binary: str, case: str, threads: int, runs: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        # Guidance 1: one evaluation, whatever the model has learnt.
        command = [binary, "bench", "--only", case, "--runs", str(runs), "--guidance", "1"]
        command += ["--threads", str(threads), "--json", file.name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        measured = json.load(open(file.name))["cases"][0]
    return {"flow": measured["stages"]["flow_ms"], "decode": measured["stages"]["decode_network_ms"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    rows = []
    print(f"{options.threads} threads, milliseconds, medians over {options.rounds} rounds; ratios are peer over straightshot")
    for seconds in (2.0, 10.0):
        case = f"{seconds:g}s/1step"
        networks = inputs_of(seconds)
        sessions = {name: session(network, x, options.threads) for name, (network, x) in networks.items()}
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(options.rounds):
            for name, value in ours(options.binary, case, options.threads, options.runs).items():
                times.setdefault((name, "straightshot"), []).append(value)
            for name, (network, x) in networks.items():
                value = milliseconds(lambda: network(*x), options.runs)
                times.setdefault((name, "pytorch"), []).append(value)
                feed = {i.name: y.numpy() for i, y in zip(sessions[name].get_inputs(), x)}
                value = milliseconds(lambda: sessions[name].run(None, feed), options.runs)
                times.setdefault((name, "onnxruntime"), []).append(value)
        medians = {key: statistics.median(values) for key, values in times.items()}
        medians |= {("both", peer): medians["flow", peer] + medians["decode", peer] for _, peer in list(medians)}
        for name in ("flow", "decode", "both"):
            mine, torch_ms, onnx_ms = (medians[name, peer] for peer in ("straightshot", "pytorch", "onnxruntime"))
            row = {"case": case, "network": name, "straightshot_ms": mine}
            row |= {"pytorch_ms": torch_ms, "onnxruntime_ms": onnx_ms}
            row |= {"pytorch_ratio": torch_ms / mine, "onnxruntime_ratio": onnx_ms / mine}
            rows.append(row)
            print(
                f"{case:>10} {name:>7}: straightshot {mine:7.1f}  pytorch {torch_ms:7.1f} ({torch_ms / mine:.2f})"
                f"  onnxruntime {onnx_ms:7.1f} ({onnx_ms / mine:.2f})",
                flush=True,
            )
    if options.json:
        Path(options.json).write_text(json.dumps({"threads": options.threads, "rows": rows}, indent=1) + "\n")


main()
