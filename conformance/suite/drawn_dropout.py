"""What a framework drew for its dropout, read off the outputs of a layer that is made for that, and tests of it.

In such a layer each output depends on one factor. The oracle says what it is where that factor is kept and scaled,
where it is dropped, and without dropout; so an output tells which of these it was. Of what was drawn, numbers of drops
and of pairs that agree have binomial distributions, and the tests are exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl.stack import named_cells

from ..cases.building import SizeLimits, build_case
from ..cases.choosers import SeededChooser
from ..cases.oracle_run import quantities, run_oracle
from ..contract import Array, Case, Quantities

RATE = 0.25
KEPT = 1 / (1 - RATE)
ALARM = 1e-9
"""A test fails where what was drawn is less probable than this."""
_ROWS, _STEPS, _UNITS = 8, 4, 16
_WEIGHT, _NEAR = 0.7, 1e-3  # of the distance between kept and dropped
_BIASES = {"i": 0.9, "f": 0.7, "o": 0.4, "z": 0.5, "r": 0.8}  # of gates, which all are open
_CLOSED = {"f": -50.0, "z": -50.0}  # nothing is carried from step to step
_CANDIDATE = 0.3


@dataclass(frozen=True)
class Reading:
    """A case and where its factors show.

    kind        ``input``, ``recurrent`` or ``between``
    axes        what the axes of what is read are
    expected    the answers by the oracle: all factors ``kept``, all ``dropped``, or ``plain``, without dropout
    """

    case: Case
    kind: str
    axes: tuple[str, ...]
    expected: Mapping[str, Quantities]

    def read(self, answer: Quantities) -> Array:
        """1 where a factor was dropped, 0 where it was kept, in ``axes``; `ValueError` where it was neither."""
        if self.kind == "between":
            return self._between(answer)
        cell = dict(named_cells(self.case.cell)).popitem()[1]
        first = _UNITS if self.kind == "recurrent" else 0
        starts = [first + k * _UNITS for k in range(len(cell.gate_order))]
        blocks = [units for start in starts if self._shows(units := slice(start, start + _UNITS))]
        drops = [self._drops(answer, "outputs", units, over_time=True) for units in blocks]
        return np.stack(drops, axis=1) if "gates" in self.axes else drops[0]

    def _between(self, answer: Quantities) -> Array:
        if "steps" in self.axes:
            return self._drops(answer, "outputs", slice(None), over_time=False)
        names = [name for name in self.expected["kept"] if name.startswith("state.l") and name.endswith(".h")][1:]
        first = self._drops(answer, names[0], slice(None), over_time=False)
        after = [self._drops(answer, name, slice(None), over_time=False, hidden=first == 1) for name in names[1:]]
        return np.stack([first, *after], axis=1)

    def _shows(self, units: slice) -> bool:
        """Whether these outputs depend on their factors: a reset gate's do not reach any."""
        kept, dropped = (self.expected[name]["outputs"][..., units] for name in ("kept", "dropped"))
        return bool(np.abs(kept - dropped).max(initial=0) > 10 * _NEAR)

    def _drops(self, answer: Quantities, name: str, units: slice, over_time: bool, hidden: Any = False) -> Array:
        """Which of these numbers are as where their factor was dropped; of a sequence, in all of its steps.

        hidden   where the layer before has dropped already: there nothing shows, which counts as 2
        """
        got = np.asarray(answer[name], np.float64)[..., units]
        kept, dropped, plain = (self.expected[each][name][..., units] for each in ("kept", "dropped", "plain"))
        room = _NEAR * np.abs(kept - dropped).max()
        near = {"kept": np.abs(got - kept) < room, "dropped": np.abs(got - dropped) < room}
        either = near["kept"] | near["dropped"]
        if over_time:
            first = np.argmax((np.abs(kept - dropped) > 2 * room).any(axis=(0, 2)))
            whole = {each: its.all(axis=1) for each, its in near.items()}
            if either.all() and not (whole["kept"] | whole["dropped"]).all():
                raise ValueError(f"the {self.kind} factors change within a sequence")
            if either[:, first].all() and not either.all():
                raise ValueError(f"the {self.kind} factors change within a sequence, or are lost in it")
            near, either = whole, whole["kept"] | whole["dropped"]
        either = either | hidden
        if not either.all():
            at = tuple(np.argwhere(~either)[0].tolist())
            at = (at[0], -1, at[1]) if over_time else at
            undropped = bool((np.abs(got - plain) < room).all())
            what = "nothing is dropped or scaled" if undropped else f"neither dropped nor multiplied by {KEPT:.4g}"
            raise ValueError(
                f"{what}: {self.kind} dropout of rate {RATE}, {name}{list(at)} is {got[at]:.6g}, and would be "
                f"{kept[at]:.6g} or {dropped[at]:.6g}, {plain[at]:.6g} without dropout"
            )
        return np.asarray(np.where(hidden, 2, near["dropped"]), int)


def reading(combination: Mapping[str, Any]) -> Reading:
    """The layer of these options whose outputs show the factors of its only kind of dropout."""
    kind = next(
        k for k, option in _KINDS.items() if combination[option] and not any(combination[o] for o in _others(option))
    )
    chooser = SeededChooser(0, sizes={"batch": _ROWS, "time": _STEPS, "input": _UNITS, "hidden": 1})
    base = build_case(chooser, combination, _LIMITS)
    gates = len(dict(named_cells(base.cell)).popitem()[1].gate_order)
    hidden = {"input": gates, "recurrent": gates + 1, "between": 1}[kind] * _UNITS
    sizes = {"batch": _ROWS, "time": _STEPS, "input": _UNITS, "hidden": hidden}
    base = build_case(SeededChooser(0, sizes=sizes), combination, _LIMITS)
    params = {name: np.zeros_like(value) for name, value in base.params.items()}
    for prefix, cell in named_cells(base.cell):
        _fill(params, prefix, cell, kind)
    plain = base.replace(params=params, x=np.ones_like(base.x), initial_state=None, d_outputs=None, d_state=None)
    factors = {"kept": KEPT, "dropped": 0.0, "plain": 1.0}
    cases = {
        how: plain.replace(dropout={name: np.full_like(value, factor) for name, value in (base.dropout or {}).items()})
        for how, factor in factors.items()
    }
    expected = {
        how: quantities(run_oracle(case.in_dtype(np.float64)), None, case.state_names) for how, case in cases.items()
    }
    layers = len(getattr(base.cell, "layers", (None,)))
    axes = {
        "between": ("rows", "steps", "units") if layers == 2 else ("rows", "layers", "units"),
    }.get(kind, ("rows", "gates", "units") if combination.get("dropout_per_gate") and gates > 1 else ("rows", "units"))
    return Reading(cases["kept"], kind, axes, expected)


_KINDS = {"input": "dropout", "recurrent": "recurrent_dropout", "between": "between_dropout"}
_LIMITS = SizeLimits(batch=_ROWS, time=_STEPS, input=_UNITS, hidden=5 * _UNITS)


def _others(option: str) -> list[str]:
    return [each for each in _KINDS.values() if each != option]


def can_be_read(combination: Mapping[str, Any]) -> bool:
    """Whether a layer of these options shows what it drew: one direction, no mask, and one kind of dropout."""
    one = combination
    kinds = [option for option in _KINDS.values() if one[option]]
    plain = one["direction"] == "forward" and one["mask"] == one["lengths"] == "none" and one["return_sequences"]
    plain = plain and one.get("layout") != "unbatched" and one["use_bias"] and one["dtype"] in ("float64", "float32")
    plain = plain and one["activation"] in ("tanh", "relu", "linear")
    plain = plain and one.get("recurrent_activation", "sigmoid") == "sigmoid" and not one.get("output_activation")
    special = any(one.get(name) for name in ("projection", "peepholes", "input_forget", "clip", "forget_bias"))
    return plain and not special and len(kinds) == 1 and (one["layers"] == 1 or kinds == ["between_dropout"])


def _fill(params: dict[str, Array], prefix: str, cell: Any, kind: str) -> None:
    """The weights of a cell in which each output depends on one factor."""
    gates, hidden, every = list(cell.gate_order), cell.hidden_size, np.arange(_UNITS)
    kernel, recurrent = params[f"{prefix}kernel"], params[f"{prefix}recurrent_kernel"]
    for k, gate in enumerate(gates):
        bias = _BIASES.get(gate, _CANDIDATE) if kind != "between" else {**_BIASES, **_CLOSED}.get(gate, _CANDIDATE)
        params[f"{prefix}bias"][k * hidden : (k + 1) * hidden] = bias
        if kind == "input":
            kernel[every, k * hidden + k * _UNITS + every] = _WEIGHT
        elif kind == "recurrent":  # the first units are read, by others that each read them through another gate
            recurrent[every, k * hidden + (k + 1) * _UNITS + every] = _WEIGHT
        elif gate not in _BIASES:
            kernel[every, k * hidden + every] = _WEIGHT


def improbable(drawn: Array, axes: tuple[str, ...]) -> list[str]:
    """What is less probable than `ALARM`, in words; ``drawn`` is 1 where dropped, 0 where kept and 2 where not known.

    Tested are how many are dropped, and along each axis how many of its disjoint pairs agree.
    """
    known, found = drawn < 2, []
    dropped, count = int((drawn == 1).sum()), int(known.sum())
    chance = two_sided_binomial(dropped, count, RATE)
    if chance < ALARM:
        found.append(f"the rate is not {RATE}: {dropped} of {count} are dropped, probability {chance:.1g}")
    for axis, name in enumerate(axes):
        pairs = drawn.shape[axis] // 2
        one, other = (np.take(drawn, np.arange(start, 2 * pairs, 2), axis) for start in (0, 1))
        both = (one < 2) & (other < 2)
        agree, count = int(((one == other) & both).sum()), int(both.sum())
        alike = 1 - RATE if name == "layers" else RATE**2 + (1 - RATE) ** 2  # the second shows what the first one kept
        chance = two_sided_binomial(agree, count, alike)
        if chance < ALARM:
            found.append(f"the {name} are not independent: {agree} of {count} pairs agree, probability {chance:.1g}")
    return found


def two_sided_binomial(successes: int, trials: int, probability: float) -> float:
    """Twice the smaller tail of a binomial distribution, the number itself included; at most 1."""

    def tail(numbers: range) -> float:
        return math.fsum(math.exp(_log_of_one(k, trials, probability)) for k in numbers)

    return min(1.0, 2 * min(tail(range(successes + 1)), tail(range(successes, trials + 1))))


def _log_of_one(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)
