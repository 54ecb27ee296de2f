"""A layer that keeps its state from call to call, as a state machine: call, call with a state, reset, reload.

An implementation takes part with ``stateful(case)`` (`conformance.contract`).

The expected values come from a chain of the oracle's runs, each from the final state of the run before. The bounds are
carried along the chain too: they include the error that rounding may have left in the state.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import refimpl as ri
from conformance.cases.building import SizeLimits
from conformance.cases.masks import random_mask
from conformance.cases.numbers import distinct_numbers, rounded, with_garbage
from conformance.cases.option_space import Combination, has_dropout
from conformance.cases.oracle_run import quantities, run_oracle
from conformance.cases.strategies import cases_of_combinations
from conformance.common.calling import CALLS
from conformance.common.protection import changed_arrays, plain_arrays, private_copy, private_fields
from conformance.common.tracebacks import raised
from conformance.contract import Array, Case, Observed
from conformance.judging.divergences import Disagreement
from conformance.judging.expected import Expected
from conformance.judging.verdict import judge
from conformance.suite import trying
from conformance.suite.plan import CELL_VARIANTS
from conformance.suite.relations import always_diverges
from conformance.suite.session import Session

_MASKS = ("full", "right", "left", "holes", "rows")
_CALLS = st.tuples(st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from(_MASKS))  # steps, seed, kind of mask


def can_be_called_repeatedly(combination: Combination) -> bool:
    """Whether a layer of these options can be called again and again: without lengths, and nothing is drawn anew."""
    return combination["lengths"] == "none" and not combination["initial_state"] and not has_dropout(combination)


class OracleChain:
    """The oracle's runs, each from the final state of the run before, and the bounds on an implementation's."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.reset()

    def reset(self) -> None:
        self.state: tuple[Array, ...] | None = None
        self.bounds: dict[str, tuple[Array, ...] | None] = {self.case.dtype_name: None, "float64": None}

    def call(self, x: Array, mask: Array | None, initial_state: tuple[Array, ...] | None) -> Expected:
        given, self.bounds = (self.state, self.bounds) if initial_state is None else (
            initial_state, dict.fromkeys(self.bounds))  # fmt: skip
        run = run_oracle(self.case.replace(x=x, mask=mask, initial_state=given).in_dtype(np.float64))
        found: list[dict[str, Array]] = []
        for dtype, error in self.bounds.items():
            bound = ri.rounding.bound(run, dtype, error)
            found.append(quantities(bound, None, self.case.state_names))
            self.bounds[dtype] = bound.state
        self.state = run.state
        theirs, ours = found[0], found[-1]  # one and the same in float64
        return Expected(
            quantities(run, None, self.case.state_names),
            {name: theirs[name] + ours[name] for name in theirs},
            self.case.dtype,
        )


@dataclass(frozen=True)
class Step:
    """What is done with a layer: ``call`` with these arguments, ``reset`` or ``reload``."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if not self.arguments:
            return f"{self.name}()"
        x, mask, state = self.arguments
        masked = None if mask is None else mask.tolist()
        return f"call(x of {x.shape[1]} steps, mask={masked}, initial_state={'None' if state is None else 'given'})"


class LayerBesideOracle:
    """The implementation's layer and the oracle's chain of runs, step by step."""

    def __init__(self, session: Session, case: Case) -> None:
        self.session, self.chain, self.numbers = session, OracleChain(case), 0
        with CALLS.around(case):
            self.layer: Any = session.implementation.stateful(private_fields(case))  # type: ignore[attr-defined]  # not all have it

    def take(self, step: Step) -> list[str]:
        """Takes the step, and returns what is wrong then."""
        given = private_copy(step.arguments)
        try:
            with CALLS.around(f"{step} of {self.chain.case!r}"):
                found = getattr(self.layer, step.name)(*given)
                values = (
                    plain_arrays(found.values if isinstance(found, Observed) else found) if step.name == "call" else {}
                )
        except Exception as error:
            return raised(error).splitlines()
        if changed := list(changed_arrays(step.arguments, given, "argument")):
            return [f"the call changed {', '.join(changed)}"]
        if step.name != "call":
            if not found:  # else the loaded layer goes on with the state
                self.chain.reset()
            return []
        verdict = judge(self.chain.call(*step.arguments), Observed(values))
        self.numbers += verdict.numbers
        self.session.record_comparisons("stateful", "stateful", verdict.comparisons, self.chain.case)
        return [str(wrong) for wrong in verdict.disagreements] if verdict.comparisons else ["nothing was compared"]


def shortest_failure(session: Session, case: Case, steps: Sequence[Step], wrong: list[str]) -> Disagreement:
    """The failure after as few of the steps as show it."""
    deadline, k = time.monotonic() + trying.SHRINKING_SECONDS, 0
    while k < len(steps) - 1 and time.monotonic() < deadline:
        fewer, layer = [*steps[:k], *steps[k + 1 :]], LayerBesideOracle(session, case)
        still = next((found for step in fewer if (found := layer.take(step))), [])
        steps, wrong, k = (fewer, still, 0) if still else (steps, wrong, k + 1)
    head = f"{session.implementation.name} disagrees with the oracle after"
    return Disagreement("\n  ".join([head, *map(str, steps), "of", repr(case), *wrong]))


def machine(
    session: Session, combinations: list[Combination], smallest: trying.SmallestFailure
) -> type[RuleBasedStateMachine]:
    """The state machine of an implementation; after one failure it does nothing."""

    class Stateful(RuleBasedStateMachine):
        both: LayerBesideOracle | None = None

        @initialize(case=cases_of_combinations(combinations, SizeLimits(time=6)))
        def begin(self, case: Case) -> None:
            self.case = case.replace(d_outputs=None, d_state=None)
            self.steps: list[Step] = []
            if smallest.error is None and not session.diverges(self.case):
                self.both = LayerBesideOracle(session, self.case)

        def take(self, step: Step) -> None:
            if smallest.error is not None or self.both is None or self.both.layer is None:
                return
            self.steps.append(step)
            wrong = self.both.take(step)
            smallest.compared += self.both.numbers
            if wrong:
                smallest.add(0, shortest_failure(session, self.case, self.steps, wrong))
                raise Disagreement("\n".join(wrong))

        @rule(call=_CALLS, given=st.booleans())
        def call(self, call: tuple[int, int, str], given: bool) -> None:
            self.take(self.random_call(call, given))

        @rule(call=_CALLS)
        def reset(self, call: tuple[int, int, str]) -> None:
            self.between_two_calls("reset", call)

        @rule(call=_CALLS)
        def reload(self, call: tuple[int, int, str]) -> None:
            self.between_two_calls("reload", call)

        def teardown(self) -> None:
            """Adds two calls in a row, one with a state, a reset and a reload: in so few runs chance may miss one."""
            if self.both is not None:
                for given in (False, False, True):
                    self.take(self.random_call((3, len(self.steps), "full"), given))
                for name in ("reset", "reload"):
                    self.between_two_calls(name, (3, len(self.steps), "full"))

        def between_two_calls(self, name: str, call: tuple[int, int, str]) -> None:
            """Takes the step between two calls without a given state, which show what it did."""
            if not self.steps or self.steps[-1].name != "call":
                self.take(self.random_call(call, given=False))
            self.take(Step(name))
            self.take(self.random_call(call, given=False))

        def random_call(self, call: tuple[int, int, str], given: bool) -> Step:
            (steps, seed, mask), case = call, self.case
            rng, batch = np.random.default_rng(seed), len(self.case.x)
            possible = {"holes": steps >= 3, "rows": batch >= 2}.get(mask, steps >= 2)
            masked = random_mask(mask if possible else "full", rng, batch, steps) if case.mask is not None else None

            def array(*shape: int) -> Array:
                return rounded(distinct_numbers(rng, shape, 0.5, few_digits=True), case.dtype_name)

            x = with_garbage(array(batch, steps, case.cell.input_size), masked, rng, 300.0)
            state = tuple(array(batch, size) for size in case.cell.state_sizes) if given else None
            return Step("call", (x, masked, state))

    return Stateful


def test_a_stateful_layer_goes_on_where_it_was(session: Session) -> None:
    why = f"{session.implementation.name} has no stateful(case)"
    combinations = []
    if hasattr(session.implementation, "stateful"):
        why = "no combination of its options without a known divergence can be called again and again"
        combinations = [
            one for one in session.space.valid if can_be_called_repeatedly(one) and not always_diverges(session, one)
        ]
    if not combinations:
        session.record_not_run("stateful", why)
        pytest.skip(why)
    smallest = trying.SmallestFailure()
    by_kind = [[one for one in combinations if kind.items() <= one.items()] for kind in CELL_VARIANTS.values()]
    by_kind = [of_kind for of_kind in by_kind if of_kind]
    runs = -(-session.profile.machine_runs // len(by_kind))  # else chance may leave out the one cell with two states
    with smallest.raised():
        settings = trying.hypothesis_settings(
            runs, stateful_step_count=8, phases=[Phase.generate], verbosity=Verbosity.quiet
        )
        for of_kind in by_kind:
            run_state_machine_as_test(machine(session, of_kind, smallest), settings=settings)
    if not smallest.compared:
        why = "stateful(case) gave no layer for any case that was drawn"
        session.record_not_run("stateful", why)
        pytest.skip(why)
