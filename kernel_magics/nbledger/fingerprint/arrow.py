"""pyarrow arrays, tables and scalars by meaning.

Chunks and slices are not content: values are read in windows of `WINDOW` rows across chunks, and what lies under a
null is not read. The token of plain and string arrays takes the buffers as they lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from nbledger.records import Column

from .arrays import array_content
from .arrow_text import chunks_of, few_arrays, is_text, offsets_of, plain, text_digests, text_of
from .buffers import content
from .text import WINDOW
from .walk import Walk, register, register_base


def _is_fixed(kind: Any) -> bool:
    return bool(
        pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_fixed_size_binary(kind)
    )  # fmt: skip


def _windows(chunked: Any) -> Any:
    """Yield arrays of `WINDOW` rows; a window inside one chunk is a view, one across chunks a small copy."""
    for start in range(0, len(chunked), WINDOW):
        part = chunked.slice(start, WINDOW)
        if isinstance(part, pa.ChunkedArray):
            part = part.chunk(0) if part.num_chunks == 1 else pa.concat_arrays(part.chunks)
        yield part


def chunked_content(walk: Walk, chunked: Any) -> bytes:
    """Return the digest of the values of an Array or ChunkedArray; its type is hashed by the caller."""
    kind = chunked.type
    if is_text(kind) or (walk.sink.raw_layout and (pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))):
        return text_content(walk, chunked)
    if walk.sink.raw_layout and _is_fixed(kind):
        return walk.sink.digest(b"".join(_raw_fixed(walk, chunk) for chunk in chunks_of(chunked)))
    if pa.types.is_dictionary(kind) and is_text(kind.value_type):
        if walk.sink.raw_layout:
            return walk.sink.digest(b"".join(_raw_dictionary(walk, chunk) for chunk in chunks_of(chunked)))
        return walk.sink.digest(b"".join(text_digests(walk.sink, chunked)))
    return walk.sink.digest(b"".join(_window(walk, part) for part in _windows(chunked)))


def text_content(walk: Walk, chunked: Any) -> bytes:
    """Return the digest of the values of an array of strings or bytes."""
    if walk.sink.raw_layout:
        return walk.sink.digest(b"".join(_raw_text(walk, plain(array)) for array in few_arrays(chunked)))
    return walk.sink.digest(b"".join(text_digests(walk.sink, chunked)))


def _raw_text(walk: Walk, array: Any) -> bytes:
    offsets = offsets_of(array)
    text = content(walk.sink, text_of(array, offsets))
    return b"%d:%b%b%b" % (len(array), _raw_validity(walk, array), content(walk.sink, offsets), text)


def _raw_dictionary(walk: Walk, array: Any) -> bytes:
    return _raw_fixed(walk, array.indices) + _raw_text(walk, array.dictionary)


def _raw_validity(walk: Walk, array: Any) -> bytes:
    if not array.null_count:
        return b"-"
    bits = np.frombuffer(array.buffers()[0], np.uint8)[array.offset // 8 : (array.offset + len(array) + 7) // 8]
    return b"%d~%b" % (array.offset % 8, content(walk.sink, bits))


def _raw_fixed(walk: Walk, array: Any) -> bytes:
    width = array.type.bit_width
    buffer = array.buffers()[1]
    first, last = array.offset * width // 8, ((array.offset + len(array)) * width + 7) // 8
    memory = np.frombuffer(buffer, np.uint8)[first:last] if buffer is not None and len(array) else np.zeros(0, "u1")
    shift = array.offset % 8 if width == 1 else 0
    return b"%d:%d%b%b" % (len(array), shift, _raw_validity(walk, array), content(walk.sink, memory))


def _window(walk: Walk, array: Any) -> bytes:
    """One window of any type, as an encoding of fixed length."""
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _window(walk, array.storage)
    if pa.types.is_null(kind):
        return b"%d:" % len(array)
    if is_text(kind):
        return b"".join(text_digests(walk.sink, array))
    if pa.types.is_boolean(kind) or _is_fixed(kind):
        return array_content(walk, _numbers(array), _nulls(array))
    if pa.types.is_dictionary(kind):
        return _window(walk, array.dictionary_decode())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = array.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return walk.sink.digest(content(walk.sink, lengths) + chunked_content(walk, array.flatten()))
    if pa.types.is_struct(kind):
        fields = b"".join(chunked_content(walk, field) for field in array.flatten())
        return walk.sink.digest(content(walk.sink, _nulls_or_none(array)) + fields)
    return walk.sink.digest(walk.encode(array.to_pylist()))


def _nulls_or_none(array: Any) -> Any:
    return array.is_null().to_numpy(zero_copy_only=False)


def _nulls(array: Any) -> Any:
    return _nulls_or_none(array) if array.null_count else None


def _numbers(array: Any) -> Any:
    if pa.types.is_boolean(array.type):
        return (array.fill_null(fill_value=False) if array.null_count else array).to_numpy(zero_copy_only=False)
    width = array.type.bit_width // 8
    dtype = np.dtype(f"u{width}") if width in (1, 2, 4, 8) else np.dtype(f"V{width}")
    if not len(array) or not width:
        return np.zeros(0, np.uint8)
    return np.frombuffer(array.buffers()[1], dtype, count=array.offset + len(array))[array.offset :]


def encode_column(walk: Walk, value: Any) -> bytes:
    """Encode an Array or ChunkedArray."""
    head = f"{value.type};{len(value)};".encode()
    return walk.compact(b"Wa", head + chunked_content(walk, value))


def _build_table(walk: Walk, value: Any) -> bytes:
    digests = [
        walk.sink.digest(f"column:arrow:{column.type};".encode() + chunked_content(walk, column))
        for column in value.columns
    ]
    if walk.depth == 1:
        walk.columns = tuple(
            Column(field.name, str(field.type), digest.hex(), {"missing": column.null_count} if walk.profile else None)
            for field, digest, column in zip(value.schema, digests, value.columns, strict=True)
        )
    return walk.encode(value.schema.names) + walk.encode(value.num_rows) + walk.sink.digest(b"".join(digests))


def encode_table(walk: Walk, value: Any) -> bytes:
    """Encode a Table or RecordBatch; schema metadata is not content."""
    return walk.nest(b"Wt", value, _build_table)


def encode_scalar(walk: Walk, value: Any) -> bytes:
    """Encode a scalar by type and value."""
    return walk.compact(b"Ws", walk.encode((str(value.type), value.as_py())))


def _encode_text(walk: Walk, value: Any) -> bytes:
    return walk.compact(b"Wd", str(value).encode())


def _measure(value: Any) -> tuple[tuple[int, ...], int]:
    return (len(value),), int(value.nbytes)


def _measure_table(value: Any) -> tuple[tuple[int, ...], int]:
    return (value.num_rows, value.num_columns), int(value.nbytes)


register_base(pa.Array, encode_column, "column", _measure)
register_base(pa.ChunkedArray, encode_column, "column", _measure)
register_base(pa.Scalar, encode_scalar, "value")
register_base(pa.DataType, _encode_text, "value")
register("table", pa.Table, pa.RecordBatch, measure=_measure_table)(encode_table)
