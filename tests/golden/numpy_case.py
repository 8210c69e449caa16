"""What the export scripts without PyTorch share: the `case.safetensors` of `case.py`, written from numpy arrays."""

import json
import struct
from pathlib import Path

import numpy as np

#: Version of the file layout; the Rust reader refuses any other.
FORMAT = "1"


class Case:
    """Collects the arrays of one case, computed in 64 bits and stored in 32."""

    def __init__(self, script: str, seed: int, tolerance: float):
        self.folder = Path(script).resolve().parent
        self.random = np.random.default_rng(seed)
        self.arrays: dict[str, np.ndarray] = {}
        self.metadata = {
            "format": FORMAT,
            "seed": str(seed),
            "dtype": "float32 (computed in float64)",
            "numpy": np.__version__,
            "tolerance": repr(tolerance),
        }

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        """Normal deviates that fit a 32-bit float."""
        return (self.random.standard_normal(shape) * scale).astype(np.float32).astype(np.float64)

    def constant(self, name: str, value: np.ndarray) -> np.ndarray:
        """Stores `value` under `name`."""
        self.arrays[name] = np.asarray(value)
        return value

    def save(self) -> None:
        """Writes `case.safetensors` beside the script, byte for byte the same on every run."""
        header: dict[str, object] = {"__metadata__": dict(sorted(self.metadata.items()))}
        data = b""
        for name, array in sorted(self.arrays.items()):
            values = np.ascontiguousarray(array, dtype="<f4").tobytes()
            span = [len(data), len(data) + len(values)]
            header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": span}
            data += values
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = self.folder / "case.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        print(f"{self.folder.name}: {len(self.arrays)} tensors, {path.stat().st_size} bytes")
