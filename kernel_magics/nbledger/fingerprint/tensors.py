"""torch tensors: class, dtype, shape and elements, wherever they lie. Modules go the way of all objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .arrays import array_content
from .walk import Walk, register_base

# numpy has no such types: their bytes are read as integers of the same width.
_AS_INTEGER = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def encode_tensor(walk: Walk, value: Any) -> bytes:
    """Encode a dense tensor; sparse and quantized ones are opaque."""
    if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
        return walk.opaque_part()
    plain = value.detach()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain.device.type != "cpu":
        plain = plain.cpu()
    try:
        array = plain.numpy()
    except TypeError:  # bfloat16 and the 8-bit floats
        array = plain.contiguous().view(_AS_INTEGER[plain.element_size()]).numpy()
    head = f"{type(value).__name__};{value.dtype};{tuple(value.shape)};{value.requires_grad};".encode()
    return walk.compact(b"Te", head + array_content(walk, np.asarray(array)))


def measure(value: Any) -> tuple[tuple[int, ...], int]:
    """Return a tensor's shape and the bytes of its elements."""
    return tuple(value.shape), value.numel() * value.element_size()


def _encode_name(walk: Walk, value: Any) -> bytes:
    return walk.compact(b"Td", str(value).encode())


register_base(torch.Tensor, encode_tensor, "tensor", measure)
register_base(torch.dtype, _encode_name, "value")
register_base(torch.device, _encode_name, "value")
