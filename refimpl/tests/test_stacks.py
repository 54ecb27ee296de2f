"""A stack is what its cells make one by one: run each alone, merge by hand, hand on, and the bits are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, Layer, Run, Stack, StackRun, backward, forward
from ..rounding import bound, gradient_bound
from .support import (
    INPUT,
    STACKS,
    TIME,
    Example,
    Parts,
    assert_same,
    assert_within,
    both_ways,
    bounds_of,
    each_cell,
    each_stack,
    example,
    factors_of,
    named_cells,
    parts,
    run,
)

MASK = np.array([[0, 1, 0, 0, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
LENGTHS = [3, TIME, 0, 1]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "repeat": {"mask": MASK},
    "zeros": {"mask": MASK, "masked_output": "zeros"},
    "lengths": {"lengths": LENGTHS},
    "last output": {"return_sequences": False},
    "last output, repeat": {"return_sequences": False, "mask": MASK},
    "last output, lengths": {"return_sequences": False, "lengths": LENGTHS},
    "dropout": {"a_gate": False},
    "dropout, one a gate, last output, mask": {"a_gate": True, "mask": MASK, "return_sequences": False},
}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def with_factors(stack: Stack, options: dict[str, Any]) -> dict[str, Any]:
    if "a_gate" not in options:
        return options
    others = {name: value for name, value in options.items() if name != "a_gate"}
    return others | {"dropout": factors_of(stack, seed=6, a_gate=options["a_gate"])}


def own(named: dict[str, Any] | None, where: str) -> dict[str, Any]:
    return {name[len(where) :]: a for name, a in (named or {}).items() if name[: len(where)] == where}


def merged(merge: str, outputs: list[Any]) -> Any:
    if len(outputs) == 1:
        return outputs[0]
    ahead, back = outputs
    if merge == "concat":
        return np.concatenate([ahead, back], axis=2)
    return {"sum": ahead + back, "mul": ahead * back, "ave": (ahead + back) / 2}[merge]


def pulled(merge: str, runs: list[Run], d: Any) -> list[Any]:
    if len(runs) == 1:
        return [d]
    ahead, back = (over.outputs for over in runs)
    if merge == "concat":
        return [d[:, :, : ahead.shape[2]], d[:, :, ahead.shape[2] :]]
    return {"sum": [d, d], "mul": [d * back, d * ahead], "ave": [d / 2, d / 2]}[merge]


def by_hand(e: Example, dropout: Any = None, return_sequences: bool = True, **masks: Any) -> tuple[Parts, Parts]:
    """Everything that a stack computes, from runs of single cells that return all their outputs."""
    stack = e.cell
    assert isinstance(stack, Stack)
    states = dict(zip(stack.state_names, e.initial_state, strict=True))
    d_states = dict(zip(stack.state_names, e.d_state, strict=True))
    fed, layers = e.x, []
    found: Parts = {}
    for k, layer in enumerate(stack.layers):
        fed = fed * dropout[f"l{k}.between"] if dropout and k else fed
        runs, names = [], []
        for where, cell in ((f"l{k}.", layer.forward), (f"l{k}_reverse.", layer.backward)):
            if cell is not None:
                its = (own(e.params, where), fed, tuple(own(states, where).values()))
                factors = {name: a for name, a in own(dropout, where).items() if name != "between"}
                over = forward(cell, *its, dropout=factors, reverse="reverse" in where, **masks)
                assert isinstance(over, Run)
                runs.append(over)
                names.append(where)
                found |= {f"gates[{where + name!r}]": gate for name, gate in over.gates.items()}
        layers.append((runs, names))
        fed = merged(layer.merge, [over.outputs for over in runs])
    if not return_sequences:
        last = [over.outputs[:, :1] if over.traversal.reverse else over.outputs[:, -1:] for over in layers[-1][0]]
        fed = merged(stack.layers[-1].merge, last)
    found["outputs"] = fed
    every = [part for runs, _ in layers for over in runs for part in over.state]
    found |= {f"state[{k}]": part for k, part in enumerate(every)}

    grads: Parts = {}
    d_initial: Parts = {}
    d = e.d_outputs[:, : fed.shape[1]]
    for k, (runs, names) in reversed(list(enumerate(layers))):
        if k == len(layers) - 1 and not return_sequences:
            ds = [spread(over, part) for over, part in zip(runs, pulled_of_last(stack.layers[k], runs, d), strict=True)]
        else:
            ds = pulled(stack.layers[k].merge, runs, d)
        d_fed: Any = None
        for over, where, its_d in zip(runs, names, ds, strict=True):
            one = backward(over, its_d, tuple(own(d_states, where).values()))
            grads |= {f"params[{where + name!r}]": g for name, g in one.params.items()}
            d_initial |= {where + n: g for n, g in zip(over.cell.state_names, one.initial_state, strict=True)}
            d_fed = one.x if d_fed is None else d_fed + one.x
        d = d_fed * dropout[f"l{k}.between"] if dropout and k else d_fed
    states_by_number = {f"initial_state[{k}]": d_initial[name] for k, name in enumerate(stack.state_names)}
    return found, grads | {"x": d} | states_by_number


def last_step(over: Run) -> slice:
    return slice(0, 1) if over.traversal.reverse else slice(-1, None)


def pulled_of_last(layer: Layer, runs: list[Run], d: Any) -> list[Any]:
    ends = [Run(**{**vars(over), "outputs": over.outputs[:, last_step(over)]}) for over in runs]
    return pulled(layer.merge, ends, d)


def spread(over: Run, d: Any) -> Any:
    whole = np.zeros_like(over.outputs)
    whole[:, last_step(over)] = d
    return whole


@each_stack
@each_option
def test_a_stack_is_its_cells_one_by_one_bit_for_bit(stack: Stack, options: dict[str, Any]) -> None:
    e, given = example(stack, seed=0), with_factors(stack, options)
    over, grads = both_ways(e, **given)
    expected, gradients = by_hand(e, **given)
    case, kept = f"{e.case} {options}", options.get("mask", np.ones(e.x.shape[:2], bool))
    assert_same(case, *(at_kept_steps(named, kept) for named in (parts(over), expected)))
    assert_same(case, parts(grads), gradients)


def at_kept_steps(named: Parts, kept: Any) -> Parts:
    """A masked step's gates are nobody's business."""
    return {name: a[kept] if name.startswith("gates") else a for name, a in named.items()}


@each_cell
@pytest.mark.parametrize("reverse", [False, True])
def test_a_layer_of_one_cell_is_that_cell_bit_for_bit(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=1)
    where, stack = ("l0_reverse.", Stack((Layer(backward=cell),))) if reverse else ("l0.", Stack((Layer(cell),)))
    params = {where + name: a for name, a in e.params.items()}
    over = forward(stack, params, e.x, e.initial_state, mask=MASK)
    plain = forward(cell, e.params, e.x, e.initial_state, mask=MASK, reverse=reverse)
    grads, expected = (backward(each, e.d_outputs, e.d_state) for each in (over, plain))
    pairs = [(over, plain), (grads, expected), (bound(over, "float32"), bound(plain, "float32"))]
    pairs.append(tuple(gradient_bound(each, "float32", e.d_outputs, e.d_state) for each in (over, plain)))  # type: ignore[arg-type]
    for got, of_cell in pairs:
        assert_same(e.case, {name.replace(where, ""): a for name, a in parts(got).items()}, parts(of_cell))


@each_stack
def test_a_stack_has_the_attributes_of_a_cell(stack: Stack) -> None:
    e = example(stack, seed=0)
    over, grads = both_ways(e)
    assert isinstance(over, StackRun)
    each = named_cells(stack)
    assert tuple(over.gates) == stack.gate_names == tuple(w + n for w, cell in each for n in cell.gate_names)
    assert stack.state_names == tuple(w + n for w, cell in each for n in cell.state_names)
    assert stack.state_sizes == tuple(size for _, cell in each for size in cell.state_sizes)
    assert stack.parameter_shapes == {w + n: s for w, cell in each for n, s in cell.parameter_shapes.items()}
    assert list(grads.params) == list(stack.parameter_shapes)
    assert [part.shape[1] for part in over.state] == list(stack.state_sizes)
    assert stack.input_size == INPUT
    assert over.outputs.shape[2] == stack.output_size
    assert {name: g.shape for name, g in grads.params.items()} == stack.parameter_shapes
    fresh = stack.init(np.random.default_rng(0), np.float32)
    assert {name: (a.shape, a.dtype) for name, a in fresh.items()} == {
        name: (shape, np.dtype(np.float32)) for name, shape in stack.parameter_shapes.items()
    }
    limits = {w: 1 / np.sqrt(cell.hidden_size) for w, cell in each}
    assert all((np.abs(a) <= limits[name[: name.index(".") + 1]]).all() for name, a in fresh.items())
    assert len(np.unique(np.concatenate([a.ravel() for a in fresh.values()]))) == sum(a.size for a in fresh.values())


def test_the_names_of_a_stack_are_those_that_its_documentation_states() -> None:
    stack = Stack((Layer(LSTM(2, 3), GRU(2, 3)), Layer(backward=LSTM(6, 3))))
    assert stack.state_names == ("l0.h", "l0.c", "l0_reverse.h", "l1_reverse.h", "l1_reverse.c")
    assert list(stack.parameter_shapes) == [
        *("l0.kernel", "l0.recurrent_kernel", "l0.bias"),
        *("l0_reverse.kernel", "l0_reverse.recurrent_kernel", "l0_reverse.bias", "l0_reverse.recurrent_bias"),
        *("l1_reverse.kernel", "l1_reverse.recurrent_kernel", "l1_reverse.bias"),
    ]


@each_stack
def test_rows_of_a_stack_with_lengths_are_as_if_alone(stack: Stack) -> None:
    e = example(stack, seed=2)
    over, grads = both_ways(e, lengths=LENGTHS)
    rounding = bounds_of(over, np.float64, e.d_outputs, e.d_state)
    whole = parts(over) | parts(grads)
    summed: Parts = {name: 0.0 for name in whole if name.startswith("params")}
    for row, length in enumerate(LENGTHS):
        one = slice(row, row + 1)
        state, d_state = (tuple(part[one] for part in s) for s in (e.initial_state, e.d_state))
        alone = forward(stack, e.params, e.x[one, :length], state)
        for name, a in (parts(alone) | parts(backward(alone, e.d_outputs[one, :length], d_state))).items():
            if name in summed:
                summed[name] = summed[name] + a
                continue
            at = (one, slice(length)) if a.ndim == 3 else (one,)
            limit = {name: rounding[name][at]}
            assert_within(f"{e.case} row={row}", {name: whole[name][at]}, {name: a}, limit, limit)
    assert_within(e.case, {name: whole[name] for name in summed}, summed, rounding, rounding)


@each_stack
def test_whatever_a_masked_step_of_a_stack_holds_changes_nothing(stack: Stack) -> None:
    e = example(stack, seed=3)
    clean = both_ways(e, mask=MASK)
    x = np.where(MASK[..., None], e.x, np.nan)
    over = forward(stack, e.params, x, e.initial_state, mask=MASK, check_finite=False)
    assert_same(e.case, {"outputs": over.outputs}, {"outputs": clean[0].outputs})
    assert_same(e.case, parts(backward(over, e.d_outputs, e.d_state)), parts(clean[1]))


@each_stack
def test_zero_cotangents_give_a_stack_zero_gradients(stack: Stack) -> None:
    e = example(stack, seed=0)
    found = parts(backward(run(e)))
    assert_same(e.case, found, {name: np.zeros_like(d) for name, d in found.items()})


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@each_option
def test_a_stack_keeps_the_dtype(dtype: Any, options: dict[str, Any]) -> None:
    for stack in STACKS.values():
        given = with_factors(stack, options)
        if "dropout" in given:
            given["dropout"] = {name: a.astype(dtype) for name, a in given["dropout"].items()}
        over, grads = both_ways(example(stack, seed=0, dtype=dtype), **given)
        assert {a.dtype for a in (parts(over) | parts(grads)).values()} == {np.dtype(dtype)}, stack


@each_stack
@pytest.mark.parametrize("options", [OPTIONS["zeros"], [*OPTIONS.values()][-1]], ids=["zeros", "dropout"])
def test_float32_and_float64_stacks_differ_by_no_more_than_their_bounds(stack: Stack, options: dict[str, Any]) -> None:
    given = with_factors(stack, options)
    narrow_options = dict(given)
    if "dropout" in given:
        narrow_options["dropout"] = {name: a.astype(np.float32) for name, a in given["dropout"].items()}
    wide, narrow = (example(stack, 4, dtype=d) for d in (np.float64, np.float32))
    over, grads = both_ways(wide, **given)
    d_outputs = wide.d_outputs[:, : over.outputs.shape[1]]
    limits = [bounds_of(over, d, d_outputs, wide.d_state) for d in (np.float32, np.float64)]
    got, got_grads = both_ways(narrow, **narrow_options)
    assert_within(narrow.case, parts(got) | parts(got_grads), parts(over) | parts(grads), *limits)
