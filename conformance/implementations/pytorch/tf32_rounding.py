"""How a GPU rounds the factors of a product to TF32.

``python -m conformance.implementations.pytorch.tf32_rounding [cuda|cpu]``; a CPU rounds none.

TF32 keeps 10 of float32's 23 bits behind the point. NVIDIA's documents do not say whether the others are cut off or
rounded. So numbers around every place where the rules part are multiplied by 1, by a matrix product (cuBLAS) and by a
layer (cuDNN), and the products compared with what each rule gives. It prints what stands in ``arithmetic.toml``.

Source: NVIDIA, "NVIDIA A100 Tensor Core GPU Architecture", 2020, for the format.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from ...contract import Array

_CUT_OFF = 13
"""Bits of float32 that TF32 has no room for."""


def cut(x: Array) -> Array:
    """Toward zero: the bits that have no room are dropped."""
    bits = x.view(np.uint32) & np.uint32(0xFFFFFFFF << _CUT_OFF & 0xFFFFFFFF)
    return bits.view(np.float32)


def nearest_ties_away(x: Array) -> Array:
    """To the nearest; from the middle away from zero."""
    return cut((x.view(np.uint32) + np.uint32(1 << (_CUT_OFF - 1))).view(np.float32))


def nearest_ties_to_even(x: Array) -> Array:
    """To the nearest; from the middle to the one whose last bit is 0."""
    bits = x.view(np.uint32)
    last = (bits >> np.uint32(_CUT_OFF)) & np.uint32(1)
    return cut((bits + np.uint32((1 << (_CUT_OFF - 1)) - 1) + last).view(np.float32))


RULES: Mapping[str, Callable[[Array], Array]] = {
    "not rounded": lambda x: x,
    "cut": cut,
    "to nearest, ties away": nearest_ties_away,
    "to nearest, ties to even": nearest_ties_to_even,
}


def points() -> Array:
    """Float32 numbers of both signs below, at and above the middle of two neighbours in TF32, last bits 0 and 1."""
    steps = np.arange(64, dtype=np.uint32)[:, None] << np.uint32(_CUT_OFF)
    rest = np.array([0, 1, (1 << 12) - 1, 1 << 12, (1 << 12) + 1, (1 << 13) - 1], np.uint32)
    positive = (np.float32(1).view(np.uint32) + steps + rest).ravel().view(np.float32)
    return np.concatenate([positive, -positive, positive * np.float32(2**-20), positive * np.float32(2**20)])


def rule_of(products: Array, x: Array) -> str:
    """The rule that gives all these products of x and 1; "none of these rules" where none does."""
    return next((name for name, rule in RULES.items() if np.array_equal(rule(x), products)), "none of these rules")


def by_matrix_product(x: Array, device: str) -> Array:
    """The products by ``torch.matmul``: x stands on the diagonal, which is multiplied by the unit matrix."""
    factors = torch.diag(torch.tensor(x, device=device))
    product = factors @ torch.eye(len(x), device=device)
    return np.asarray(torch.diag(product).cpu().numpy())


def by_layer(x: Array, device: str) -> Array:
    """The products by ``torch.nn.RNN`` with relu: kernel 1, recurrent kernel 0, a unit for each sign."""
    layer = torch.nn.RNN(1, 2, nonlinearity="relu", bias=False, device=device)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.weight_hh_l0.zero_()
        outputs, _ = layer(torch.tensor(x, device=device).reshape(-1, 1, 1).transpose(0, 1))
    both = outputs.reshape(-1, 2).cpu().numpy()
    return np.asarray(both[:, 0] - both[:, 1])


def main(arguments: Sequence[str]) -> int:
    """Prints a table in the manner of ``arithmetic.toml``; 1 where there is no CUDA device."""
    device = arguments[0] if arguments else "cuda"
    if device == "cuda" and not torch.cuda.is_available():
        print("not run: no CUDA device", file=sys.stderr)
        return 1
    name = torch.cuda.get_device_name() if device == "cuda" else device
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    x = points()
    print(f'[tf32."{name}"]')
    print(f'versions = "torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}"')
    print(f'matrix_product = "{rule_of(by_matrix_product(x, device), x)}"')
    print(f'layer = "{rule_of(by_layer(x, device), x)}"')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
