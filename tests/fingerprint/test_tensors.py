"""torch tensors and modules (skipped where torch is not installed)."""

from __future__ import annotations

import pytest

from nbledger.fingerprint import fingerprint, token

torch = pytest.importorskip("torch")


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16", "int64", "bool", "complex64"])
def test_tensors_are_their_dtype_shape_and_elements(dtype):
    tensor = torch.arange(12).reshape(3, 4).to(getattr(torch, dtype))
    assert same(tensor, tensor.clone())
    assert same(tensor, tensor.T.contiguous().T)
    assert not same(tensor, tensor.reshape(4, 3))
    other = tensor.clone()
    other[0, 0] = 1
    assert not same(tensor, other)
    assert token(tensor) != token(other)
    assert fingerprint(tensor).kind == "tensor"


def test_a_module_is_its_parameters():
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 2)
    before = fingerprint(layer)
    assert (before.kind, before.exactness) == ("model", "exact")
    with torch.no_grad():
        layer.weight[0, 0] += 1
    assert fingerprint(layer).hash != before.hash
