"""The products of a few rows with large weights: each gives what the plain product gives, whatever the processor."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from lib.engine import int8
from lib.engine.products import foreign, native, of_integers, packed, unpacked

pytestmark = pytest.mark.usefixtures("one_thread")

PRODUCTS = {
    "packed": packed, "integers": of_integers, "bfloat16": partial(unpacked, wide=torch.bfloat16),
    "float32": partial(unpacked, wide=torch.float32),
}


SHAPES = [(1, 64), (1, 100), (7, 64), (16, 1088), (130, 36), (3, 16_384)]  # rows, width


@pytest.mark.parametrize(("name", "rows", "width"), [
    (name, *shape) for name in PRODUCTS for shape in SHAPES if name != "packed" or shape[1] % 64 == 0])
def test_every_product_is_that_of_the_weights(name: str, rows: int, width: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    weight, scale = int8.pack(torch.randn(300, width, generator=generator))
    x = torch.randn(rows, width, generator=generator).bfloat16()
    x[0, 3] = 200  # an outlier, as trained models have them
    expected = x.double() @ (weight.double() * scale.double()[:, None]).T
    out = PRODUCTS[name](x, weight, scale)
    assert out.shape == (rows, 300) and out.dtype == torch.bfloat16
    assert ((out.double() - expected).abs().amax(1) <= 0.006 * expected.abs().amax(1)).all()  # bfloat16: 8 bits


def test_the_product_of_integers_rounds_little_more_than_its_result() -> None:
    generator = torch.Generator().manual_seed(5)
    weight = torch.randint(-127, 128, (96, 576), dtype=torch.int8, generator=generator)
    x = torch.randn(9, 576, generator=generator).bfloat16()
    x[4] = 0
    expected = x.double() @ weight.double().T
    error = (of_integers(x, weight, torch.ones(96)).double() - expected).abs()
    half_a_step = expected.abs() * 2.0**-8  # between bfloat16's steps, at most
    own = x.double().abs().amax(1, keepdim=True) / 65_024 * weight.double().abs().sum(1)  # every input off by a half
    assert (error <= half_a_step + own).all() and (error[4] == 0).all()


def test_a_broken_number_stays_visible() -> None:
    x = torch.ones(2, 64).bfloat16()
    x[1, 5] = float("nan")
    out = of_integers(x, torch.ones(8, 64, dtype=torch.int8), torch.ones(8))
    assert out[1].isnan().all() and not out[0].isnan().any()


@pytest.mark.parametrize("product", [native, foreign])
@pytest.mark.parametrize("rows", [1, 2, 8, 9, 24, 40])
def test_bfloat16_with_and_without_instructions_for_it(product: Callable[..., torch.Tensor], rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    x, weight = (torch.randn(count, 96, generator=generator).bfloat16() for count in (rows, 70))
    out = product(x, weight)
    assert out.shape == (rows, 70) and out.dtype == torch.bfloat16 and out.is_contiguous()
    torch.testing.assert_close(out.float(), x.float() @ weight.float().T, rtol=0.02, atol=0.05)
