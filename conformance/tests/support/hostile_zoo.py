"""Hostile plug-ins, each a line: what it does at its third call or to every answer, and the verdicts that are right."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import refimpl as ri
from conformance.cases.oracle_run import run_oracle

from .hostile_actions import ACTIONS, CRASHED, FINE, REFUSED, SEEN, SILENT, WRONG, Action, raised
from .planted_failures import Small

PATCHES = tuple(name for name in ACTIONS if name.startswith("patches"))


def _in_place(change: Callable[[Any], Any], when: Callable[[Any], bool] = lambda case: True) -> Action:
    return lambda case: change(case) if when(case) else None


MUTATIONS: dict[str, Action] = {  # ``_at_`` sizes that few cases have, or in every case
    "zeros_a_bias_at_15_steps": _in_place(lambda c: c.params["bias"].fill(0), lambda c: c.x.shape[1] >= 15),
    "zeros_a_bias_at_10_steps": _in_place(lambda c: c.params["bias"].fill(0), lambda c: c.x.shape[1] >= 10),
    "zeros_a_cotangent_at_9_units": _in_place(
        lambda c: c.d_outputs is not None and c.d_outputs.fill(0), lambda c: c.cell.hidden_size >= 9
    ),
    "zeros_a_kernel": _in_place(lambda c: c.params["kernel"].fill(0)),
    "zeros_the_input": _in_place(lambda c: c.x.fill(0)),
    "negates_the_input": _in_place(lambda c: np.negative(c.x, out=c.x)),
    "zeros_the_state": _in_place(lambda c: c.initial_state and c.initial_state[0].fill(0)),
    "clears_the_parameters": _in_place(lambda c: c.params.clear()),
    "replaces_a_parameter": _in_place(lambda c: c.params.update(bias=c.params["bias"] + 1)),
    "replaces_the_input": _in_place(lambda c: object.__setattr__(c, "x", c.x * 2)),
}

OUT = "outputs"
ANSWERS: dict[str, tuple[Callable[[Any, dict[str, Any]], Any], tuple[str, ...]]] = {
    "none": (lambda c, a: None, WRONG),
    "empty": (lambda c, a: {}, WRONG),
    "list": (lambda c, a: list(a.values()), WRONG),
    "nan": (lambda c, a: {n: v * np.nan for n, v in a.items()}, WRONG),
    "infinity": (lambda c, a: {n: v + np.inf for n, v in a.items()}, WRONG),
    "zeros": (lambda c, a: {n: v * 0 for n, v in a.items()}, WRONG),
    "none_in_it": (lambda c, a: {OUT: None}, WRONG),
    "shape": (lambda c, a: {OUT: a[OUT][:, :, :, None]}, WRONG),
    "cut": (lambda c, a: {OUT: a[OUT][:, :-1]}, WRONG),
    "scalar": (lambda c, a: {OUT: 0.5}, WRONG),
    "float32": (lambda c, a: {OUT: a[OUT].astype(np.float32)}, WRONG),
    "objects": (lambda c, a: {OUT: a[OUT].astype(object)}, WRONG),
    "strings": (lambda c, a: {OUT: a[OUT].astype(str)}, WRONG),
    "complex": (lambda c, a: {OUT: a[OUT] + 0j}, WRONG),
    "integers": (lambda c, a: {OUT: a[OUT].astype(int)}, WRONG),
    "masked": (lambda c, a: {OUT: np.ma.masked_array(a[OUT], np.ones(a[OUT].shape, bool))}, WRONG),
    "integer_as_name": (lambda c, a: {3: a[OUT]}, WRONG),
    "unknown_quantity": (lambda c, a: a | {"outptus": a[OUT]}, WRONG),
    "off_by_1e-6": (lambda c, a: {OUT: a[OUT] + 1e-6}, WRONG),
    "off_in_long_sequences": (lambda c, a: {OUT: a[OUT] + 1e-3 * (c.x.shape[1] > 4)}, WRONG),
    "state_of_another_call": (lambda c, a: a | {"state.h": a["state.h"][::-1]}, WRONG),
    "input_as_answer": (lambda c, a: {OUT: c.x}, WRONG),
    "subclass": (lambda c, a: {OUT: a[OUT].view(np.recarray)}, FINE),
    "outputs_alone": (lambda c, a: {OUT: a[OUT]}, FINE),
}
SHRUNK = ("none", "nan", "objects", "off_in_long_sequences", "outputs_alone")
"""The answers of which Hypothesis draws many, and makes small what is wrong: one of each kind."""


class Hostile(Small):
    """Right, but for what its class says."""

    cells = ({"kind": "SimpleRNN", "activation": ("tanh",), "use_recurrent_bias": (False,)},)
    action: Action | None = None
    mutation: Action | None = None
    change: Callable[[Any, dict[str, Any]], Any] | None = None
    is_wrong = False
    calls = 0
    expensive = True  # few cases are asked: what it does is seen at its third call, and each plug-in is a process

    def observe(self, case: Any) -> Any:
        self.calls += 1
        found = super().observe(case)
        if type(self).action is not None and self.calls == 3:
            type(self).action(case)  # type: ignore[misc]
        if type(self).mutation is not None:
            type(self).mutation(case)  # type: ignore[misc]
        if type(self).change is not None:
            return type(self).change(case, found)  # type: ignore[misc]
        return {name: value + 1 for name, value in found.items()} if self.is_wrong and self.calls > 2 else found


class _Endless(list[Any]):
    """Entries without end."""

    def __iter__(self) -> Iterator[Any]:
        return itertools.repeat(Hostile.cells[0])

    def __bool__(self) -> bool:
        return True


def _asked_again(then: Callable[[], Any]) -> Callable[[Any], Any]:
    """An attribute that is right when it is asked for the first time."""
    seen: list[Any] = []

    def attribute(self: Any) -> Any:
        seen.append(self)
        return Hostile.cells if len(seen) == 1 else then()

    return attribute


def _answer_as_the_changed_oracle(self: Hostile, case: Any) -> Any:
    """The oracle's own answer; from the third call on its LSTM loses a thousandth of its state in each step."""
    self.calls += 1
    if self.calls == 3:
        step = ri.LSTM.step

        def lossy(cell: Any, *given: Any) -> Any:
            one = step(cell, *given)

            def changed(projected: Any, state: Any) -> Any:
                (h, c), kept = one(projected, state)
                return (h * 0.999, c), kept

            return changed

        ri.LSTM.step = lossy  # type: ignore[method-assign, assignment]
    return {OUT: run_oracle(case).outputs}


def _with_another_cell(case: Any) -> Any:
    object.__setattr__(case.cell, "activation", "linear")
    return case


def __getattr__(name: str) -> Any:
    """What is asked for is imported then, and never comes."""
    if name == "hangs_when_it_is_imported":
        time.sleep(600)
    raise AttributeError(name)


VERDICTS: dict[str, tuple[str, ...]] = {}


def _add(plug_in: str, verdicts: tuple[str, ...], **attributes: Any) -> None:
    VERDICTS[plug_in] = verdicts
    globals()[plug_in] = type(plug_in, (Hostile,), {"name": plug_in, "__module__": __name__, **attributes})


for _name, (_action, _verdicts) in ACTIONS.items():
    _add(_name, _verdicts, action=staticmethod(_action), is_wrong=_name in PATCHES)
for _name, _action in MUTATIONS.items():
    _add(_name, WRONG, mutation=staticmethod(_action), expensive="_at_" not in _name)
for _name, (_change, _verdicts) in ANSWERS.items():
    _add(
        f"answers_{_name.replace('-', '_')}",
        _verdicts,
        change=staticmethod(_change),
        expensive=_name not in SHRUNK,
    )
_add("hangs_when_it_is_made", SILENT, __init__=lambda self: time.sleep(600))
_add("raises_when_it_is_made", CRASHED, __init__=lambda self: raised(RuntimeError("[/red]")))
_add("exits_when_it_is_made", CRASHED, __init__=lambda self: sys.exit(0))
for _name, _found in {
    "changes_the_input": lambda self, case: case.replace(x=case.x * 2),
    "changes_the_cell": lambda self, case: _with_another_cell(case),
    "returns_nothing": lambda self, case: None,
}.items():
    _add(f"prepare_{_name}", WRONG, prepare=_found)
_add("prepare_hangs", SILENT, prepare=lambda self, case: time.sleep(600))
_add("changes_the_cell", WRONG, observe=lambda self, case: {OUT: run_oracle(_with_another_cell(case)).outputs})
_add("cells_hang", SILENT, cells=property(lambda self: time.sleep(600)))
_add("cells_hang_later", SILENT, cells=property(_asked_again(lambda: time.sleep(600))))
_add("cells_raise_later", CRASHED, cells=property(_asked_again(lambda: raised(KeyError("[/red]")))))
_add("cells_without_end", REFUSED, cells=_Endless())
_add("cells_with_markup", REFUSED, cells=({"kind": "[/red]\x1b[31m", "activation": {}},))
_add("changes_the_oracle", SEEN, cells=({"kind": "LSTM"},), observe=_answer_as_the_changed_oracle)
VERDICTS["hangs_when_it_is_imported"] = SILENT
_add("markup_as_name", FINE, name="[/red]\x1b[31m")
