"""The products of a few rows with large weights: each gives what the plain product gives, whatever the processor."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from lib.engine.kernels import int8
from lib.engine.kernels.matmul import for_float32, foreign, native, packed, unpacked, weight_first

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("one_thread")]

PRODUCTS: dict[str, Callable[..., torch.Tensor]] = {
    "packed": packed,
    "bfloat16": partial(unpacked, wide=torch.bfloat16),
    "float32": partial(unpacked, wide=torch.float32),
}


SHAPES = [(1, 64), (1, 100), (7, 64), (16, 1088), (130, 36), (3, 16_384)]  # rows, width


@pytest.mark.parametrize(
    ("name", "rows", "width"),
    [(name, *shape) for name in PRODUCTS for shape in SHAPES if name != "packed" or shape[1] % 64 == 0],
)
def test_every_product_is_that_of_the_weights(name: str, rows: int, width: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    weight, scale = int8.pack(torch.randn(300, width, generator=generator))
    x = torch.randn(rows, width, generator=generator).bfloat16()
    x[0, 3] = 200  # an outlier, as trained models have them
    expected = x.double() @ (weight.double() * scale.double()[:, None]).T
    out = PRODUCTS[name](x, weight, scale)
    assert out.shape == (rows, 300) and out.dtype == torch.bfloat16
    assert ((out.double() - expected).abs().amax(1) <= 0.006 * expected.abs().amax(1)).all()  # bfloat16: 8 bits


@pytest.mark.parametrize(("height", "width"), [(300, 2048), (300, 3008), (300, 3072), (301, 2048), (300, 4096)])
def test_two_rows_of_weights_in_one(height: int, width: int) -> None:
    generator = torch.Generator().manual_seed(height + width)
    weight, scale = int8.pack(torch.randn(height, width, generator=generator))
    x = torch.randn(1, width, generator=generator).bfloat16()
    expected = x.double() @ (weight.double() * scale.double()[:, None]).T
    out = packed(x, weight, scale)
    assert out.shape == (1, height) and out.is_contiguous()
    assert (out.double() - expected).abs().max() <= 0.006 * expected.abs().max()


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_broken_number_stays_visible(name: str) -> None:
    x = torch.ones(2, 64).bfloat16()
    x[1, 5] = float("nan")
    out = PRODUCTS[name](x, torch.ones(8, 64, dtype=torch.int8), torch.ones(8).bfloat16())
    assert out[1].isnan().all() and not out[0].isnan().any()


@pytest.mark.parametrize("rows", [1, 7, 8, 16, 32, 33])
@pytest.mark.parametrize("bias", [None, torch.linspace(-1, 1, 70)])
def test_weight_first_is_the_plain_product(rows: int, bias: torch.Tensor | None) -> None:
    generator = torch.Generator().manual_seed(rows)
    x, weight = (torch.randn(count, 800, generator=generator) for count in (rows, 70))
    out = weight_first(x, weight, bias)
    assert out.is_contiguous() and torch.allclose(out, F.linear(x, weight, bias), rtol=1e-5, atol=1e-4)
    assert for_float32(weight[:, :64]) is F.linear and for_float32(weight.bfloat16()) is F.linear


@pytest.mark.parametrize("product", [native, foreign])
@pytest.mark.parametrize("rows", [1, 2, 8, 9, 24, 40])
def test_bfloat16_with_and_without_instructions_for_it(product: Callable[..., torch.Tensor], rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    x, weight = (torch.randn(count, 96, generator=generator).bfloat16() for count in (rows, 70))
    out = product(x, weight)
    assert out.shape == (rows, 70) and out.dtype == torch.bfloat16 and out.is_contiguous()
    torch.testing.assert_close(out.float(), x.float() @ weight.float().T, rtol=0.02, atol=0.05)
