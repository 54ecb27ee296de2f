"""What is said of a file without a recurrent node: whether a recurrence was written out step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ....contract import Array
from ..model import Node

_PRODUCTS = ("MatMul", "Gemm", "FullyConnected")


def note(nodes: Sequence[Node], constants: Mapping[str, Array]) -> str:
    """One line: what is multiplied again and again, or that nothing is."""
    times = Counter(
        node.inputs[1] for node in nodes if node.operator in _PRODUCTS and constants.get(node.inputs[1]) is not None
    )
    again = {name: count for name, count in times.items() if count > 1 and constants[name].ndim == 2}
    if again:
        counts = sorted(again.values())
        steps = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
        return (
            f"no recurrent node among {len(nodes)}: a recurrence is unrolled, {len(again)} matrices are multiplied "
            f"{steps} times each; its parts and the whole are compared"
        )
    return f"no recurrent node among {len(nodes)}, and no matrix is multiplied twice: the parts are compared"
