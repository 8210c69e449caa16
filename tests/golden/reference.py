"""The network blocks in PyTorch, written from the papers' formulas with PyTorch's own layers.

Parameters come as a dictionary of tensors by name. Matrices are `[in, out]`, as Straightshot stores them.
"""

import math

import torch
import torch.nn.functional as F

Params = dict[str, torch.Tensor]


def part(p: Params, prefix: str) -> Params:
    """The parameters below `prefix`."""
    return {name[len(prefix) + 1 :]: value for name, value in p.items() if name.startswith(prefix + ".")}


def linear(p: Params, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, p["weight"].T, p.get("bias"))


def layer_norm(p: Params, x: torch.Tensor, eps: float) -> torch.Tensor:
    """Ba et al., 2016."""
    return F.layer_norm(x, x.shape[-1:], p["weight"], p["bias"], eps)


def rms_norm(p: Params, x: torch.Tensor, eps: float) -> torch.Tensor:
    """Zhang and Sennrich, 2019."""
    return F.rms_norm(x, x.shape[-1:], p["weight"], eps)


def rotary(x: torch.Tensor, heads: int, theta: float = 10_000.0) -> torch.Tensor:
    """Su et al., 2021, section 3.2: each pair of features is a complex number turned by its position."""
    batch, frames, dim = x.shape
    half = dim // heads // 2
    speed = theta ** (-torch.arange(half, dtype=x.dtype) / half)
    angle = torch.arange(frames, dtype=x.dtype)[:, None] * speed
    turn = torch.polar(torch.ones_like(angle), angle)[:, None, :]
    pairs = torch.view_as_complex(x.reshape(batch, frames, heads, half, 2))
    return torch.view_as_real(pairs * turn).reshape(batch, frames, dim)


def joint_attention(
    p: Params,
    x: torch.Tensor,
    text: torch.Tensor,
    heads: int,
    frame_mask: torch.Tensor | None,
    text_mask: torch.Tensor,
) -> torch.Tensor:
    """Zero-init gated text attention beside self-attention (Lumina-T2X, Gao et al., 2024, section 2.2)."""

    def split(y: torch.Tensor) -> torch.Tensor:
        return y.unflatten(-1, (heads, -1)).transpose(1, 2)

    def keys_exist(mask: torch.Tensor | None) -> torch.Tensor | None:
        return None if mask is None else mask.bool()[:, None, None, :]

    query = split(rotary(linear(part(p, "query"), x), heads))
    key = split(rotary(linear(part(p, "key"), x), heads))
    value = split(linear(part(p, "value"), x))
    text_key, text_value = (split(linear(part(p, name), text)) for name in ("text_key", "text_value"))
    own = F.scaled_dot_product_attention(query, key, value, attn_mask=keys_exist(frame_mask))
    read = F.scaled_dot_product_attention(query, text_key, text_value, attn_mask=keys_exist(text_mask))
    joined = own + torch.tanh(p["gate"])[None, :, None, None] * read
    return linear(part(p, "out"), joined.transpose(1, 2).flatten(2))


def swiglu(p: Params, x: torch.Tensor) -> torch.Tensor:
    """Shazeer, 2020, equation (6)."""
    return linear(part(p, "out"), F.silu(linear(part(p, "gate"), x)) * linear(part(p, "value"), x))


def time_embedding(p: Params, t: torch.Tensor) -> torch.Tensor:
    """The timestep embedder of DiT (Peebles and Xie, 2022) on flow time in thousandths."""
    half = p["hidden.weight"].shape[0] // 2
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(half, dtype=t.dtype) / half)
    angle = 1000.0 * t[:, None] * frequency
    code = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
    return linear(part(p, "out"), F.silu(linear(part(p, "hidden"), code)))


def band_block(p: Params, x: torch.Tensor) -> torch.Tensor:
    """Liu et al., 2022, figure 4, with one kernel along time and one along bands, then a step over all bands."""
    batch, tokens, bands, dim = x.shape
    time, band = p["time.weight"], p["band.weight"]  # (taps, channels)
    taps = time.shape[0]

    def along(kernel: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Depthwise over the last but one dimension."""
        rows = y.flatten(0, 1).mT
        rows = F.conv1d(rows, kernel.T[:, None, :], padding=taps // 2, groups=dim)
        return rows.mT.unflatten(0, y.shape[:2])

    h = along(time, x.transpose(1, 2)).transpose(1, 2) + along(band, x) + p["kernel.bias"]
    h = linear(part(p, "expand"), layer_norm(part(p, "norm"), h, 1e-6))
    x = x + p["layer_scale"] * linear(part(p, "contract"), F.gelu(h, approximate="tanh"))
    h = linear(part(p, "gather"), layer_norm(part(p, "mix_norm"), x, 1e-6)).flatten(2)
    h = linear(part(p, "mix_contract"), F.gelu(linear(part(p, "mix_expand"), h), approximate="tanh"))
    return x + p["mix.layer_scale"] * linear(part(p, "scatter"), h.unflatten(2, (bands, -1)))


def band_block_shapes(name: str, dim: int, hidden: int, bands: int, mix: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "time.weight": (7, dim),
        "band.weight": (7, dim),
        "kernel.bias": (dim,),
        "norm.weight": (dim,),
        "norm.bias": (dim,),
        "layer_scale": (dim,),
        "mix_norm.weight": (dim,),
        "mix_norm.bias": (dim,),
        "mix.layer_scale": (dim,),
    }
    shapes |= linear_shapes("expand", dim, hidden) | linear_shapes("contract", hidden, dim)
    shapes |= linear_shapes("gather", dim, mix) | linear_shapes("scatter", mix, dim)
    shapes |= linear_shapes("mix_expand", bands * mix, 2 * bands * mix)
    shapes |= linear_shapes("mix_contract", 2 * bands * mix, bands * mix)
    return {f"{name}.{key}": shape for key, shape in shapes.items()}


def linear_shapes(name: str, rows: int, columns: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": (rows, columns)}
    return {**shapes, f"{name}.bias": (columns,)} if bias else shapes
