#!/usr/bin/env python3
"""Makes the file that `straightshot evaluate --second` reads from the package that carries aiSFX.

    pip download --no-deps aisfx==0.1.2
    python3 export_aisfx.py aisfx-0.1.2-py2.py3-none-any.whl aisfx.safetensors

Needs numpy; the checkpoint is read without PyTorch. Only the embedding network is kept, with its batch normalisation
(epsilon 1e-5) folded into the kernel before it. The weights are by A. B. Ma and A. Lerch under CC BY 4.0: "Representation
Learning for the Automatic Indexing of Sound Effects Libraries", ISMIR 2022. They are not part of this repository.
"""

import collections
import io
import json
import pickle
import struct
import sys
import zipfile

import numpy as np


class Ignored:
    """Stands in for every class of the checkpoint that holds no weights."""

    def __init__(self, *_):
        pass

    def __setstate__(self, _):
        pass


class Reader(pickle.Unpickler):
    """Unpickles a PyTorch checkpoint to arrays; calls nothing of the pickle but an ordered dictionary."""

    def __init__(self, archive: zipfile.ZipFile):
        super().__init__(io.BytesIO(archive.read("archive/data.pkl")))
        self.archive = archive

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        return self.tensor if name == "_rebuild_tensor_v2" else Ignored

    def persistent_load(self, key):
        return self.archive.read(f"archive/data/{key[2]}")

    @staticmethod
    def tensor(raw: bytes, offset: int, shape: tuple, *_):
        count = int(np.prod(shape, dtype=int))
        return np.frombuffer(raw, "<f4", count, 4 * offset).reshape(shape) if len(raw) >= 4 * count > 0 else None


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        checkpoint = zipfile.ZipFile(io.BytesIO(wheel.read("aisfx/models/checkpoint.pth")))
    weights = Reader(checkpoint).load()[0]
    header, data = {}, b""
    for block in range(1, 5):
        for layer in (1, 2):
            get = lambda name: weights[f"embedding_net.conv_block{block}.{name}"].astype(np.float64)
            scale = get(f"bn{layer}.weight") / np.sqrt(get(f"bn{layer}.running_var") + 1e-5)
            kernel = get(f"conv{layer}.weight") * scale[:, None, None, None]
            bias = get(f"bn{layer}.bias") - get(f"bn{layer}.running_mean") * scale
            for name, value in (("weight", kernel), ("bias", bias)):
                value = value.astype("<f4")
                span = [len(data), len(data) + value.nbytes]
                header[f"{block}.{layer}.{name}"] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": span}
                data += value.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[2], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)
    print(f"{sys.argv[2]}: {len(header)} tensors")


if __name__ == "__main__":
    main()
