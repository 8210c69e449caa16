"""What all export scripts share: seeded tensors, and one `case.safetensors` per case with its metadata."""

import json
import struct
from pathlib import Path

import torch

#: Version of the file layout; the Rust reader refuses any other.
FORMAT = "1"


class Case:
    """Collects the tensors of one case.

    Every value is rounded to 32 bits when it is drawn and computed with in 64 bits, so the stored results are
    right to the last bit of a float and the tolerance covers the Rust side alone.
    """

    def __init__(self, script: str, seed: int, tolerance: float, gradient_tolerance: float | None = None):
        self.folder = Path(script).resolve().parent
        self.generator = torch.Generator().manual_seed(seed)
        self.leaves: dict[str, torch.Tensor] = {}
        self.fixed: dict[str, torch.Tensor] = {}
        self.metadata = {
            "format": FORMAT,
            "seed": str(seed),
            "dtype": "float32 (computed in float64)",
            "torch": torch.__version__.split("+")[0],
            "tolerance": repr(tolerance),
        }
        if gradient_tolerance is not None:
            self.metadata["gradient_tolerance"] = repr(gradient_tolerance)

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> torch.Tensor:
        """Normal deviates that fit a 32-bit float."""
        return (torch.randn(*shape, generator=self.generator) * scale + mean).to(torch.float32).to(torch.float64)

    def leaf(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """Stores `value` under `name` and asks for its gradient."""
        self.leaves[name] = value.requires_grad_()
        return value

    def constant(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """Stores `value` under `name`, without gradient."""
        self.fixed[name] = value
        return value

    def params(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
        """Draws parameters; vectors that scale (norm weights, layer scales, gates) are spread around one half."""
        out = {}
        for name, shape in shapes.items():
            if len(shape) > 1:
                value = self.normal(*shape, scale=shape[0] ** -0.5)
            else:
                scaling = name.endswith(("norm.weight", "scale", "gate")) or name == "weight"
                value = self.normal(*shape, scale=0.3, mean=0.5 if scaling else 0.0)
            out[name] = self.leaf(f"param.{name}", value)
        return out

    def backward(self, output: torch.Tensor) -> None:
        """Stores `output` and the gradient of its product with a random cotangent for every leaf."""
        cotangent = self.constant("cotangent", self.normal(*output.shape))
        self.constant("output", output.detach())
        self.gradients((output * cotangent).sum())

    def gradients(self, loss: torch.Tensor) -> None:
        """Stores the gradient of `loss` for every leaf."""
        for leaf in self.leaves.values():
            leaf.grad = None
        loss.backward()
        for name, leaf in self.leaves.items():
            if leaf.grad is None:
                raise RuntimeError(f"{name} takes no part in the result")
            self.fixed[f"grad.{name}"] = leaf.grad

    def save(self) -> None:
        """Writes `case.safetensors` beside the script, byte for byte the same on every run."""
        tensors = {**self.leaves, **self.fixed}
        header: dict[str, object] = {"__metadata__": dict(sorted(self.metadata.items()))}
        data = b""
        for name, tensor in sorted(tensors.items()):
            values = tensor.detach().to(torch.float32).contiguous().numpy().tobytes()
            span = [len(data), len(data) + len(values)]
            header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": span}
            data += values
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = self.folder / "case.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        print(f"{self.folder.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
