"""A model: layers one behind the other, as functions of one flat mapping of parameters.

A layer is an `Embedding`, a `Dense`, or a `Recurrent`: a cell or a `Stack` with what a model must know of it (a bare
cell stands for `Recurrent(cell)`). Layers are named as Keras names them, ``embedding``, ``simple_rnn``, ``dense``,
``dense_1``, and a parameter by layer and name: ``simple_rnn.recurrent_kernel``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .errors import InvalidArgument
from .head import Dense, Embedding
from .parameters import Parameters
from .recurrent import Recurrent

AnyLayer = Embedding | Recurrent | Dense


@dataclass(frozen=True)
class Passed:
    """What `Model.forward` computed, and what its adjoint needs.

    output   the last layer's
    mask     the steps' mask, ``(batch, time)``, or None; behind a layer without steps, None
    tapes    one a layer: what it was given and computed
    """

    output: Array
    mask: Array | None
    params: Parameters
    tapes: tuple[Any, ...]


@dataclass(frozen=True)
class ModelGradients:
    """What `Model.backward` computed: the gradients of ``sum(d_output * output)``.

    x         None where x is tokens
    squares   of an embedding's table: the squares of its gradient, summed by occurrence (`Embedding.squares`)
    """

    params: Parameters
    x: Array | None
    squares: Parameters


@dataclass(frozen=True)
class Model:
    """Layers, first to last; it holds no arrays.

    Raises `InvalidArgument` for no layer, an Embedding that is not the first, a recurrent layer behind one that returns
    its last step only, and a layer whose input size is not the output size of the layer before.
    """

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple | list) or not self.layers:
            raise InvalidArgument("layers", expected="a tuple of one layer or more", got=checks.described(self.layers))
        ready = tuple(_layer(f"layers[{k}]", layer) for k, layer in enumerate(self.layers))
        object.__setattr__(self, "layers", ready)
        for k, (before, layer) in enumerate(itertools.pairwise(ready), start=1):
            if isinstance(layer, Embedding):
                raise InvalidArgument(f"layers[{k}]", expected="an Embedding only as the first layer", got=repr(layer))
            if layer.input_size != before.output_size:
                expected = f"input_size {before.output_size}, the output of the layer before"
                raise InvalidArgument(f"layers[{k}]", expected=expected, got=layer.input_size)
            if isinstance(layer, Recurrent) and not self._has_steps(k):
                expected = "steps to run over: return_sequences=True in the layer before"
                raise InvalidArgument(f"layers[{k}]", expected=expected, got=repr(before))

    def _has_steps(self, k: int) -> bool:
        """Whether what reaches layer k has a time axis."""
        return all(layer.return_sequences for layer in self.layers[:k] if isinstance(layer, Recurrent))

    def _asks_for_the_final_state(self, k: int) -> bool:
        """Whether layer k is one cell of which nothing but the state after the last step is used."""
        layer = self.layers[k] if k < len(self.layers) else None
        return isinstance(layer, Recurrent) and not layer.return_sequences and not layer._is_stack

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names."""
        kinds = [_snake(_kind(layer)) for layer in self.layers]
        counts = [kinds[:k].count(kind) for k, kind in enumerate(kinds)]
        return tuple(f"{kind}_{count}" if count else kind for kind, count in zip(kinds, counts, strict=True))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``layer.parameter`` to shape."""
        return {
            f"{name}.{key}": shape
            for name, layer in zip(self.names, self.layers, strict=True)
            for key, shape in layer.parameter_shapes.items()
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters have, all together."""
        return sum(int(np.prod(shape)) for shape in self.parameter_shapes.values())

    def init(self, rng: np.random.Generator, dtype: Any = np.float64, manner: str = "keras") -> Parameters:
        """Fresh parameters, layer by layer, distributed as Keras's or PyTorch's layers start."""
        return {
            f"{name}.{key}": value
            for name, layer in zip(self.names, self.layers, strict=True)
            for key, value in layer.init(rng, dtype, manner).items()
        }

    def part(self, params: Mapping[str, Any], name: str) -> Parameters:
        """One layer's parameters, or gradients, by their own names; `InvalidArgument` where they are not there."""
        layer = self.layers[self.names.index(checks.one_of("name", name, self.names))]
        shapes = {f"{name}.{key}": shape for key, shape in layer.parameter_shapes.items()}
        given = checks.mapping("params", params, shapes, others=True)
        return {
            key.removeprefix(f"{name}."): checks.weights(f"params[{key!r}]", given[key], shape)
            for key, shape in shapes.items()
        }

    def forward(self, params: Mapping[str, Any], x: Any, *, check_finite: bool = True) -> Passed:
        """Runs the layers and keeps what the adjoint needs.

        params         the parameters by name, in ``parameter_shapes``, all of one dtype, which is the working precision
        x              tokens ``(batch, time)`` for an Embedding, steps ``(batch, time, input)`` for a recurrent layer,
                       either of ``(batch, input)`` and ``(batch, time, input)`` for a Dense one
        check_finite   refuse NaN and infinity

        Raises `InvalidArgument`, before any arithmetic, for whatever does not fit.
        """
        check_finite = checks.flag("check_finite", check_finite)
        ready = self._checked(params, check_finite)
        y, mask = self._input(x, next(iter(ready.values())).dtype, check_finite), None
        tapes: list[Any] = []
        for k, (name, layer) in enumerate(zip(self.names, self.layers, strict=True)):
            own = _its(ready, name)
            if isinstance(layer, Embedding):
                mask = y != 0 if layer.mask_zero else None
                if mask is not None and self._asks_for_the_final_state(k + 1):
                    counted = mask.any(axis=0)  # a step that no row counts leaves every state alone: not made at all
                    y, mask = y[:, counted], mask[:, counted]
                tapes.append(y)
                y = layer.forward(own, y)
            elif isinstance(layer, Recurrent):
                run, y = layer.forward(own, y, mask)
                mask = mask if layer.return_sequences else None
                tapes.append(run)
            else:
                a, out = layer.forward(own, y)
                tapes.append((y, a, out))
                y = out
        return Passed(y, mask, ready, tuple(tapes))

    def backward(self, passed: Passed, d_output: Any, *, squares: bool = False) -> ModelGradients:
        """Back-propagates a cotangent of the output, in its shape, to every parameter and to ``x``.

        With ``squares``, finds `ModelGradients.squares` too. Raises `InvalidArgument` for another shape.
        """
        checks.instance("passed", passed, Passed, "what forward returned")
        squares, output = checks.flag("squares", squares), passed.output
        d_output = checks.shaped("d_output", d_output, output.shape, dtype=output.dtype, source="the output")
        found: dict[str, Parameters] = {}
        its_squares: Parameters = {}
        d_y = d_output
        for name, layer, tape in reversed(list(zip(self.names, self.layers, passed.tapes, strict=True))):
            own = _its(passed.params, name)
            if isinstance(layer, Embedding):
                if squares:
                    its_squares = {f"{name}.{key}": value for key, value in layer.squares(tape, d_y).items()}
                found[name], d_y = layer.adjoint(tape, d_y), None
            elif isinstance(layer, Recurrent):
                found[name], d_y = layer.adjoint(tape, d_y)
            else:
                found[name], d_y = layer.adjoint(own, *tape, d_y)
        params = {key: found[key.split(".")[0]][key.partition(".")[2]] for key in passed.params}
        return ModelGradients(params, d_y, its_squares)

    def predict(self, params: Mapping[str, Any], x: Any, batch_size: int = 128) -> Array:
        """The output alone, batch by batch."""
        batch_size = checks.count("batch_size", batch_size, least=1, expected="a positive integer")
        x = self.checked_input(params, x)
        rows = len(x)
        parts = [self.forward(params, x[at : at + batch_size]).output for at in range(0, rows, batch_size)]
        return np.concatenate(parts) if parts else self.forward(params, x).output

    def summary(self, name: str = "sequential") -> str:
        """The layers, their output shapes and parameter counts, as a table in Keras's manner."""
        name = checks.text("name", name)
        rows = [("Layer (type)", "Output Shape", "Param #")]
        for k, (own, layer) in enumerate(zip(self.names, self.layers, strict=True), start=1):
            shape = "(None, None, {})" if self._has_steps(k) else "(None, {})"
            count = sum(int(np.prod(shape)) for shape in layer.parameter_shapes.values())
            rows.append((f"{own} ({_kind(layer)})", shape.format(layer.output_size), f"{count:,}"))
        first, second, third = (max(len(row[k]) for row in rows) for k in range(3))
        lines = [f"│ {a:<{first}} │ {b:<{second}} │ {c:>{third}} │" for a, b, c in rows]
        rules = [left + mid.join("─" * (w + 2) for w in (first, second, third)) + right for left, mid, right in _RULES]
        table = [rules[0], lines[0], rules[1], *lines[1:], rules[2]]
        return "\n".join([f'Model: "{name}"', *table, f" Total params: {self.parameter_count:,}"])

    def _checked(self, params: Any, check_finite: bool) -> Parameters:
        """Exactly the model's parameters, each in its shape, all of one dtype."""
        shapes = self.parameter_shapes
        given = checks.mapping("params", params, shapes)
        first = next(iter(shapes))
        dtype = checks.as_array(f"params[{first!r}]", given[first]).dtype
        return checks.shaped_arrays("params", given, shapes, dtype=dtype, check_finite=check_finite, source=first)

    def checked_input(self, params: Mapping[str, Any], x: Any, *, check_finite: bool = True) -> Array:
        """``x`` as an array, if `forward` takes it, else `InvalidArgument`."""
        check_finite = checks.flag("check_finite", check_finite)
        first = checks.mapping("params", params, self.parameter_shapes)[next(iter(self.parameter_shapes))]
        return self._input(x, checks.as_array("params", first).dtype, check_finite)

    def _input(self, x: Any, dtype: Any, check_finite: bool) -> Array:
        """``x``, checked for the first layer."""
        first = self.layers[0]
        if isinstance(first, Embedding):
            return first.tokens(x)
        x = checks.as_array("x", x)
        axes: dict[str, int | None] = {"batch": None, "time": None, "input": first.input_size}
        if isinstance(first, Dense) and x.ndim == 2:
            del axes["time"]
        return checks.array("x", x, axes, dtype=dtype, check_finite=check_finite, source="the parameters")


_RULES = (("┌", "┬", "┐"), ("├", "┼", "┤"), ("└", "┴", "┘"))


def _its(params: Parameters, name: str) -> Parameters:
    return {key.removeprefix(f"{name}."): value for key, value in params.items() if key.startswith(f"{name}.")}


def _layer(name: str, layer: Any) -> AnyLayer:
    """The layer; a bare cell as a recurrent one."""
    if isinstance(layer, AnyLayer):
        return layer
    try:
        return Recurrent(layer)
    except InvalidArgument as refusal:
        expected = "an Embedding, a Recurrent, a Dense, a cell or a Stack"
        raise InvalidArgument(name, expected=expected, got=refusal.got) from None


def _kind(layer: AnyLayer) -> str:
    return type(layer.cell if isinstance(layer, Recurrent) else layer).__name__


def _snake(name: str) -> str:
    """Keras's name of a layer of that class: SimpleRNN, simple_rnn."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
