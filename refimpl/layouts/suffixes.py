"""The layers and directions of a module whose tensors' names end with them: what PyTorch and PaddlePaddle share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ..errors import InvalidArgument
from ..parameters import Cell
from ..stack import Layer, Stack, named_cells


def parts_of(stack: Stack, suffix: str, framework: str) -> Iterator[tuple[str, Cell, str]]:
    """Each cell of the stack with its prefix of ours and its suffix of theirs.

    `InvalidArgument` where the framework has no such module.
    """
    if suffix != "_l0":
        raise InvalidArgument("suffix", expected="'_l0' (a stack's layers have their own)", got=repr(suffix))
    module: Any = stack.layers[0].forward
    both, size = stack.layers[0].backward is not None, stack.input_size
    for k, layer in enumerate(stack.layers):
        alike = None if module is None else dataclasses.replace(module, input_size=size)
        if layer.forward is None or layer != Layer(alike, alike if both else None):
            every = "one kind and size of cell in every layer and direction, merged by 'concat'"
            raise InvalidArgument(f"cell.layers[{k}]", expected=f"{every} (as {framework} has it)", got=str(layer))
        size = layer.output_size
    for prefix, cell in named_cells(stack):
        yield prefix, cell, f"_{prefix.removesuffix('.')}"
