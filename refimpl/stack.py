"""Layers of recurrent cells, each in one direction or in both, built of sequences.

The names of a layer's parameters, states, gates and dropout factors begin with the layer and the direction, in
PyTorch's manner: ``l0.kernel``, ``l0_reverse.kernel``, ``l1.h``.

With ``y→`` and ``y←`` the outputs of both directions, each at its own step, a layer's output is, by ``merge``::

    concat   [y→, y←]
    sum      y→ + y←
    ave      (y→ + y←) / 2
    mul      y→ ⊙ y←

The next layer gets this output, multiplied by the factors ``l1.between`` where there are any (dropout between layers).
References: M. Schuster, K. Paliwal, Bidirectional Recurrent Neural Networks, IEEE Trans. Signal Processing 45 (1997);
the documentation of ``keras.layers.Bidirectional`` (``merge_mode``) and of ``torch.nn.LSTM`` (``num_layers``,
``dropout``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks, sequence
from .arrays import Array
from .errors import InvalidArgument
from .linear import Factors, concatenate, total
from .parameters import Cell, Gates, Parameters, State
from .sequence import Gradients, Run, Traversal

MERGES = ("concat", "sum", "mul", "ave")


@dataclass(frozen=True)
class Layer:
    """A cell that runs from first step to last, one that runs from last to first, or both and how they are merged.

    Raises `InvalidArgument` for no cell at all, cells of different input sizes, an unknown merge, and, where elements
    are merged, cells of different output sizes.
    """

    forward: Cell | None = None
    backward: Cell | None = None
    merge: str = "concat"

    def __post_init__(self) -> None:
        cells = [cell for cell in (self.forward, self.backward) if cell is not None]
        if not cells or not all(is_cell(cell) for cell in cells):
            got = f"Layer(forward={self.forward!r:.60}, backward={self.backward!r:.60}"
            raise InvalidArgument("layer", expected="a cell forward, backward or both", got=got)
        if not isinstance(self.merge, str) or self.merge not in MERGES:
            raise InvalidArgument("merge", expected=f"one of {', '.join(MERGES)}", got=checks.described(self.merge))
        object.__setattr__(self, "merge", str(self.merge))
        if len({cell.input_size for cell in cells}) > 1:
            sizes = " and ".join(str(cell.input_size) for cell in cells)
            raise InvalidArgument("layer", expected="one input size for both directions", got=sizes)
        if self.merge != "concat" and len({cell.output_size for cell in cells}) > 1:
            sizes = " and ".join(str(cell.output_size) for cell in cells)
            raise InvalidArgument("layer", expected=f"one output size where merge={self.merge!r}", got=sizes)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells, the forward one first."""
        return tuple(cell for cell in (self.forward, self.backward) if cell is not None)

    @property
    def reversals(self) -> tuple[bool, ...]:
        """Which of the cells run from last to first."""
        return tuple(reverse for reverse, cell in ((False, self.forward), (True, self.backward)) if cell is not None)

    @property
    def input_size(self) -> int:
        """The size of one step's input."""
        return self.cells[0].input_size

    @property
    def output_size(self) -> int:
        """The size of one step's output, directions merged."""
        sizes = [cell.output_size for cell in self.cells]
        return sum(sizes) if self.merge == "concat" else sizes[0]


@dataclass(frozen=True)
class Stack:
    """Layers, each fed with the output of the one before; it holds no arrays.

    It has the attributes of a cell, the names prefixed as above. Raises `InvalidArgument` for no layers, and for a
    layer whose input size is not the output size of the layer before it.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not self.layers or not all(isinstance(x, Layer) for x in self.layers):
            raise InvalidArgument("layers", expected="a tuple of at least one Layer", got=f"{self.layers!r:.200}")
        for k, (before, after) in enumerate(zip(self.layers, self.layers[1:], strict=False), start=1):
            if after.input_size != before.output_size:
                expected = f"input_size={before.output_size}, the output size of layer {k - 1}"
                raise InvalidArgument(f"layers[{k}]", expected=expected, got=f"input_size={after.input_size}")

    @property
    def input_size(self) -> int:
        """The size of one step's input."""
        return self.layers[0].input_size

    @property
    def output_size(self) -> int:
        """The size of one step's output."""
        return self.layers[-1].output_size

    @property
    def named_cells(self) -> list[tuple[str, Cell]]:
        """Each cell after the prefix of its names: layer by layer, forward before backward."""
        return [
            (prefix(k, reverse), each)
            for k, layer in enumerate(self.layers)
            for each, reverse in zip(layer.cells, layer.reversals, strict=True)
        ]

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of all states."""
        return tuple(where + name for where, cell in named_cells(self) for name in cell.state_names)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each state."""
        return tuple(size for _, cell in named_cells(self) for size in cell.state_sizes)

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names of all intermediates."""
        return tuple(where + name for where, cell in named_cells(self) for name in cell.gate_names)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return {
            where + name: shape for where, cell in named_cells(self) for name, shape in cell.parameter_shapes.items()
        }

    def init(self, rng: np.random.Generator, dtype: Any = np.float64) -> Parameters:
        """Fresh parameters, each cell's uniform on ±1/sqrt(hidden)."""
        return {
            where + name: value for where, cell in named_cells(self) for name, value in cell.init(rng, dtype).items()
        }


def named_cells(cell: Cell | Stack) -> list[tuple[str, Cell]]:
    """Each cell after the prefix of its names: layer by layer, forward before backward; a cell alone has no prefix."""
    if isinstance(cell, Stack):
        return cell.named_cells
    if not is_cell(cell):
        raise InvalidArgument("cell", expected="SimpleRNN, LSTM, GRU or a Stack of layers", got=checks.described(cell))
    return [("", cell)]


def is_cell(value: Any) -> bool:
    """Whether it is one cell, which knows its step and its parameters, and not the class of one."""
    return not isinstance(value, type) and hasattr(value, "step") and hasattr(value, "parameter_shapes")


def prefix(layer: int, reverse: bool) -> str:
    """What the names of a layer's one direction begin with."""
    return f"l{checks.count('layer', layer)}{'_reverse' if checks.flag('reverse', reverse) else ''}."


@dataclass(frozen=True)
class StackRun:
    """What `forward` computed of a stack, and from what; names prefixed, else as in `sequence.Run`.

    outputs   the last layer's, directions merged
    runs      one tuple a layer: the run of each direction
    """

    cell: Stack
    params: Parameters
    x: Array
    initial_state: State
    traversal: Traversal
    outputs: Array
    state: State
    gates: Gates
    runs: tuple[tuple[Run, ...], ...]
    dropout: dict[str, Factors]


def unroll(
    stack: Stack,
    params: Parameters,
    x: Array,
    initial_state: State,
    traversal: Traversal,
    dropout: dict[str, Factors],
    keep: bool = True,
    of_cell: Callable[..., Run] = sequence.unroll,
) -> StackRun:
    """All layers over all steps of ``x``, arguments already checked, each cell by ``of_cell``; also for arrays with
    their own arithmetic."""
    given = dict(zip(stack.state_names, initial_state, strict=True))
    runs: list[tuple[Run, ...]] = []
    fed = x
    for k, layer in enumerate(stack.layers):
        last = k == len(stack.layers) - 1
        if (between := dropout.get(f"l{k}.between")) is not None:
            fed = fed * between[0]
        directions = []
        for cell, reverse in zip(layer.cells, layer.reversals, strict=True):
            where = prefix(k, reverse)
            way = Traversal(
                traversal.mask,
                traversal.masked_output,
                reverse,
                return_sequences=traversal.return_sequences or not last,
            )
            state = tuple(given[where + name] for name in cell.state_names)
            its_dropout = {name: dropout.get(where + name) for name in ("input", "recurrent")}
            directions.append(of_cell(cell, _its(params, where), fed, state, way, its_dropout, keep))
        runs.append(tuple(directions))
        fed = _merged(layer, [run.outputs for run in directions])
    of_cells = (run for directions in runs for run in directions)
    each = [(where, run) for (where, _), run in zip(named_cells(stack), of_cells, strict=True)]
    return StackRun(
        stack,
        params,
        x,
        initial_state,
        traversal,
        outputs=fed,
        state=tuple(part for _, run in each for part in run.state),
        gates=Gates({where + name: gate for where, run in each for name, gate in run.gates.items()}),
        runs=tuple(runs) if keep else (),
        dropout=dropout,
    )


def unroll_adjoint(
    run: StackRun, d_outputs: Array, d_state: State, of_cell: Callable[..., Gradients] = sequence.unroll_adjoint
) -> Gradients:
    """The gradients of a stack's run, arguments already checked; also for arrays with their own arithmetic."""
    stack, d_fed = run.cell, d_outputs
    given = dict(zip(stack.state_names, d_state, strict=True))
    params: Parameters = {}
    d_initial: dict[str, Array] = {}
    for k, (layer, directions) in reversed(list(enumerate(zip(stack.layers, run.runs, strict=True)))):
        pulled = []
        parts = zip(layer.reversals, directions, _merged_adjoint(layer, directions, d_fed), strict=True)
        for reverse, its, d in parts:
            where = prefix(k, reverse)
            found = of_cell(its, d, tuple(given[where + name] for name in its.cell.state_names))
            params |= {where + name: value for name, value in found.params.items()}
            states = zip(its.cell.state_names, found.initial_state, strict=True)
            d_initial |= {where + name: value for name, value in states}
            pulled.append(found.x)
        d_fed = total(*pulled)
        if (between := run.dropout.get(f"l{k}.between")) is not None:
            d_fed = d_fed * between[0]
    return Gradients(
        {name: params[name] for name in run.params}, d_fed, tuple(d_initial[name] for name in stack.state_names)
    )


def _merged(layer: Layer, outputs: list[Array]) -> Array:
    if len(outputs) == 1:
        return outputs[0]
    forward, backward = outputs
    match layer.merge:
        case "concat":
            return concatenate(forward, backward)
        case "mul":
            return forward * backward
        case "ave":
            return (forward + backward) / 2
        case _:
            return forward + backward


def _merged_adjoint(layer: Layer, runs: tuple[Run, ...], d: Array) -> tuple[Array, ...]:
    """The cotangent of each direction's outputs, from that of the merged ones."""
    if len(runs) == 1:
        return (d,)
    match layer.merge:
        case "concat":
            width = runs[0].outputs.shape[-1]
            return d[..., :width], d[..., width:]
        case "mul":
            return d * runs[1].outputs, d * runs[0].outputs
        case "ave":
            return d / 2, d / 2
        case _:
            return d, d


def _its(values: dict[str, Any], where: str) -> dict[str, Any]:
    """Those whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(where): value for name, value in values.items() if name.startswith(where)}
