"""Fault models: functions from the given case to the case that a faulty implementation computes instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.activations import Activation, named

from ...contract import Case

FaultModel = Callable[[Case], Case]


def lengths_ignored(case: Case) -> Case:
    """Every row runs over all steps."""
    return case.replace(lengths=None)


def masked_outputs_repeated(case: Case) -> Case:
    """A masked step repeats the output before it, where zeros are asked for."""
    return case.replace(masked_output="repeat")


def masked_outputs_are_states(case: Case) -> Case:
    """A masked step gives the hidden state, where the output before it is asked for."""
    return case.replace(masked_output="state") if case.masked_output == "repeat" else case


def propagated_mask_ignored(case: Case) -> Case:
    """Every step counts; masked ones hold the numbers of the layer that makes the mask."""
    if case.mask is None:
        return case
    filler = 1 if case.call_options["mask_from"] == "Embedding" else 0  # whose masked row holds ones
    return case.replace(x=np.where(case.mask[:, :, None], case.x, np.full_like(case.x, filler)), mask=None)


def outputs_in_the_order_of_the_input(case: Case) -> Case:
    """The outputs of a backward run are in the order of the input, where the order of processing is asked for."""
    return case.replace(output_order="original")


def run_forward(case: Case) -> Case:
    """One direction alone runs forward, where backward was asked for."""
    return case.replace(reverse=False)


def dropout_ignored(case: Case) -> Case:
    """Nothing is dropped."""
    return case.replace(dropout=None)


def clip_ignored(case: Case) -> Case:
    """No argument is clipped."""
    return _with_cells(case, lambda cell: replace(cell, clip=None))


def coupling_ignored(case: Case) -> Case:
    """The LSTM has a forget gate of its own, where f = 1 - i is asked for."""
    return _with_cells(case, lambda cell: replace(cell, input_forget=False))


def peepholes_ignored(case: Case) -> Case:
    """The LSTM's gates do not see the cell state."""
    other = _with_cells(case, lambda cell: replace(cell, peepholes=False) if isinstance(cell, ri.LSTM) else cell)
    return other.replace(params={name: case.params[name] for name in other.cell.parameter_shapes})


def forward_activations_for_both(case: Case) -> Case:
    """The backward cell has the forward one's activations."""
    if not isinstance(case.cell, ri.Stack) or case.cell.layers[0].forward is None:
        return case
    names = ("activation", "recurrent_activation", "output_activation")
    forward: Any = case.cell.layers[0].forward
    theirs = {name: getattr(forward, name) for name in names if hasattr(forward, name)}
    return _with_cells(case, lambda cell: replace(cell, **theirs))


def product_reset_without_its_bias(case: Case) -> Case:
    """The GRU's reset gate stands after the recurrent product but before its bias, not before the product."""
    params = dict(case.params)
    for name in [name for name in params if name.endswith("recurrent_bias")]:
        other, candidate = name.replace("recurrent_bias", "bias"), slice(2 * len(params[name]) // 3, None)
        recurrent, bias = params[name].astype(np.float64), params[other].astype(np.float64)
        bias[candidate] += recurrent[candidate]
        recurrent[candidate] = 0
        params |= {name: recurrent, other: bias}
    return _with_cells(case.replace(params=params), lambda cell: replace(cell, reset_after=True))


def arguments_within_14_6(case: Case) -> Case:
    """No activation's argument is beyond 14.6, where the sigmoid and its distance from 1 are 2^-21."""
    return _with_cells(case, lambda cell: replace(cell, clip=14.6))


def other_activations_are_relu(case: Case) -> Case:
    """Every activation other than tanh, sigmoid and relu is relu."""

    def with_relu(cell: Any) -> Any:
        names = ("activation", "recurrent_activation", "output_activation")
        others = [name for name in names if getattr(cell, name, None) not in (None, "tanh", "sigmoid", "relu")]
        return replace(cell, **dict.fromkeys(others, "relu"))

    return _with_cells(case, with_relu)


def activations_ignored(case: Case) -> Case:
    """Every cell has its usual activations."""

    def with_usual_activations(cell: Any) -> Any:
        usual = {"activation": "tanh", "recurrent_activation": "sigmoid", "output_activation": None}
        return replace(cell, **{name: value for name, value in usual.items() if hasattr(cell, name)})

    return _with_cells(case, with_usual_activations)


def thresholded_at_zero(case: Case) -> Case:
    """ThresholdedRelu has the threshold 0, where 1 is the default."""
    return _with_activation(case, "thresholded_relu(1.0)", "thresholded_relu(0)")


def leaky_relu_of_float32(case: Case) -> Case:
    """leaky_relu has the slope of the float32 number nearest to 0.2."""
    return _with_activation(case, "leaky_relu", f"leaky_relu({float(np.float32(0.2))!r})")


def hard_sigmoid_of_keras_2(case: Case) -> Case:
    """hard_sigmoid has the slope 0.2 and ends at 2.5, where it has 1/6 and ends at 3."""
    return _with_activation(case, "hard_sigmoid", "hard_sigmoid_keras2")


class _LstmWithUnclippedCellState(ri.LSTM):
    """An LSTM whose clip spares the argument of the cell state's activation."""

    @property
    def _ψ(self) -> Activation:
        return named(self.output_activation or self.activation)


def cell_state_unclipped(case: Case) -> Case:
    """The arguments of all activations are clipped, but that of the cell state."""
    return _with_cells(case, lambda cell: _LstmWithUnclippedCellState(**vars(cell)))


def rows_without_steps_start_at_zeros(case: Case) -> Case:
    """A row without steps takes zeros for its initial state."""
    if case.lengths is None or case.initial_state is None:
        return case
    has_steps = case.lengths[:, None] > 0
    return case.replace(
        initial_state=tuple(np.where(has_steps, part, np.zeros_like(part)) for part in case.initial_state)
    )


def subnormal_inputs_are_zero(case: Case) -> Case:
    """What goes in is zero where it is subnormal; the same case where nothing is."""
    given = [case.x, *case.params.values(), *(case.initial_state or ()), *(case.d_state or ()), case.d_outputs]
    as_far = np.dtype(np.float32) if case.dtype_name == "bfloat16" else case.dtype  # bfloat16 has its exponents
    least = np.finfo(as_far).smallest_normal
    if not any(one is not None and ((one != 0) & (np.abs(one) < least)).any() for one in given):
        return case

    def flushed(array: Any) -> Any:
        return array if array is None else np.where(np.abs(array) < least, np.zeros_like(array), array)

    return case.replace(
        x=flushed(case.x),
        params={name: flushed(array) for name, array in case.params.items()},
        initial_state=case.initial_state and tuple(map(flushed, case.initial_state)),
        d_outputs=flushed(case.d_outputs),
        d_state=case.d_state and tuple(map(flushed, case.d_state)),
    )


FAULT_MODELS: Mapping[str, FaultModel] = {
    "lengths ignored": lengths_ignored,
    "masked outputs repeated": masked_outputs_repeated,
    "masked outputs are states": masked_outputs_are_states,
    "propagated mask ignored": propagated_mask_ignored,
    "outputs in the order of the input": outputs_in_the_order_of_the_input,
    "run forward": run_forward,
    "dropout ignored": dropout_ignored,
    "clip ignored": clip_ignored,
    "coupling ignored": coupling_ignored,
    "peepholes ignored": peepholes_ignored,
    "activations of the forward direction in both": forward_activations_for_both,
    "product reset without its bias": product_reset_without_its_bias,
    "arguments within 14.6": arguments_within_14_6,
    "other activations are relu": other_activations_are_relu,
    "activations ignored": activations_ignored,
    "thresholded at zero": thresholded_at_zero,
    "cell state unclipped": cell_state_unclipped,
    "leaky_relu of the slope that float32 holds": leaky_relu_of_float32,
    "hard_sigmoid of slope 0.2": hard_sigmoid_of_keras_2,
    "rows without steps start at zeros": rows_without_steps_start_at_zeros,
    "subnormal inputs are zero": subnormal_inputs_are_zero,
}


def _with_activation(case: Case, asked: str, computed: str) -> Case:
    """The case with one activation in place of another, wherever a cell has it."""

    def changed(cell: Any) -> Any:
        names = ("activation", "recurrent_activation", "output_activation")
        return replace(cell, **{name: computed for name in names if getattr(cell, name, None) == asked})

    return _with_cells(case, changed)


def _with_cells(case: Case, change: Callable[[Any], Any]) -> Case:
    """The case with each of its cells changed."""
    if not isinstance(case.cell, ri.Stack):
        return case.replace(cell=change(case.cell))
    layers = tuple(
        replace(
            layer,
            forward=None if layer.forward is None else change(layer.forward),
            backward=None if layer.backward is None else change(layer.backward),
        )
        for layer in case.cell.layers
    )
    return case.replace(cell=ri.Stack(layers))
