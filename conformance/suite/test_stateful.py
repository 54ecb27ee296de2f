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
from conformance.cases.building import Limits
from conformance.cases.masks import a_mask
from conformance.cases.numbers import distinct, rounded, with_garbage
from conformance.cases.option_space import Combination, has_dropout
from conformance.cases.oracle_run import quantities, run_oracle
from conformance.cases.strategies import cases_of
from conformance.contract import Array, Case, Observed
from conformance.judging.divergences import Disagreement
from conformance.judging.truth import Expected
from conformance.judging.verdict import judge
from conformance.suite import relations
from conformance.suite.plan import KINDS
from conformance.suite.session import Session, drawing

_MASKS = ("full", "right", "left", "holes", "rows")
_CALLS = st.tuples(st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from(_MASKS))  # steps, seed, kind of mask


def wanted(combination: Combination) -> bool:
    """What can be called again and again: no lengths, and nothing that is drawn anew."""
    return combination["lengths"] == "none" and not combination["initial_state"] and not has_dropout(combination)


class Chain:
    """The oracle's side: runs, each from the state of the one before, and how far an implementation's may be off."""

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


class Both:
    """The implementation's layer and the oracle's chain, step by step."""

    def __init__(self, session: Session, case: Case) -> None:
        self.session, self.chain, self.numbers = session, Chain(case), 0
        self.layer: Any = session.implementation.stateful(case)  # type: ignore[attr-defined]  # not all have it

    def do(self, step: Step) -> list[str]:
        """Makes the step; what is wrong then."""
        try:
            found = getattr(self.layer, step.name)(*step.arguments)
        except Exception as error:
            return [f"raised {type(error).__name__}: {error}"]
        if step.name != "call":
            if not found:  # else the loaded layer goes on with the state
                self.chain.reset()
            return []
        observed = found if isinstance(found, Observed) else Observed(dict(found))
        verdict = judge(self.chain.call(*step.arguments), observed)
        self.numbers += verdict.numbers
        self.session.recorded("stateful", "stateful", verdict.comparisons)
        return [str(wrong) for wrong in verdict.disagreements] if verdict.comparisons else ["nothing was compared"]


def failure(session: Session, case: Case, steps: Sequence[Step], wrong: list[str]) -> Disagreement:
    """The failure after as few of the steps as it takes."""
    until, k = time.monotonic() + relations.PATIENCE, 0
    while k < len(steps) - 1 and time.monotonic() < until:
        fewer, layer = [*steps[:k], *steps[k + 1 :]], Both(session, case)
        still = next((found for step in fewer if (found := layer.do(step))), [])
        steps, wrong, k = (fewer, still, 0) if still else (steps, wrong, k + 1)
    head = f"{session.implementation.name} disagrees with the oracle after"
    return Disagreement("\n  ".join([head, *map(str, steps), "of", repr(case), *wrong]))


def machine(session: Session, combinations: list[Combination], least: relations.Least) -> type[RuleBasedStateMachine]:
    """The state machine of an implementation; after one failure it stands still."""

    class Stateful(RuleBasedStateMachine):
        both: Both | None = None

        @initialize(case=cases_of(combinations, Limits(time=6)))
        def begin(self, case: Case) -> None:
            self.case = case.replace(d_outputs=None, d_state=None)
            self.steps: list[Step] = []
            if least.error is None and not session.diverges(self.case):
                self.both = Both(session, self.case)

        def do(self, step: Step) -> None:
            if least.error is not None or self.both is None or self.both.layer is None:
                return
            self.steps.append(step)
            wrong = self.both.do(step)
            least.compared += self.both.numbers
            if wrong:
                least.saw(0, failure(session, self.case, self.steps, wrong))
                raise Disagreement("\n".join(wrong))

        @rule(call=_CALLS, given=st.booleans())
        def call(self, call: tuple[int, int, str], given: bool) -> None:
            self.do(self.drawn(call, given))

        @rule(call=_CALLS)
        def reset(self, call: tuple[int, int, str]) -> None:
            self.between("reset", call)

        @rule(call=_CALLS)
        def reload(self, call: tuple[int, int, str]) -> None:
            self.between("reload", call)

        def teardown(self) -> None:
            """No run ends without either: so few are drawn that chance may leave one out."""
            if self.both is not None:
                for name in ("reset", "reload"):
                    self.between(name, (3, len(self.steps), "full"))

        def between(self, name: str, call: tuple[int, int, str]) -> None:
            """The step between two calls without a state: only so can it be seen what it did."""
            if not self.steps or self.steps[-1].name != "call":
                self.do(self.drawn(call, given=False))
            self.do(Step(name))
            self.do(self.drawn(call, given=False))

        def drawn(self, call: tuple[int, int, str], given: bool) -> Step:
            (steps, seed, mask), case = call, self.case
            rng, batch = np.random.default_rng(seed), len(self.case.x)
            fits = {"holes": steps >= 3, "rows": batch >= 2}.get(mask, steps >= 2)
            masked = a_mask(mask if fits else "full", rng, batch, steps) if case.mask is not None else None

            def array(*shape: int) -> Array:
                return rounded(distinct(rng, shape, 0.5, plain=True), case.dtype_name)

            x = with_garbage(array(batch, steps, case.cell.input_size), masked, rng, 300.0)
            state = tuple(array(batch, size) for size in case.cell.state_sizes) if given else None
            return Step("call", (x, masked, state))

    return Stateful


def test_a_stateful_layer_goes_on_where_it_was(session: Session) -> None:
    why = f"{session.implementation.name} has no stateful(case)"
    combinations = []
    if hasattr(session.implementation, "stateful"):
        why = "no combination of its options without a known divergence can be called again and again"
        combinations = [one for one in session.space.valid if wanted(one) and not relations.may_diverge(session, one)]
    if not combinations:
        session.not_run("stateful", why)
        pytest.skip(why)
    least = relations.Least()
    of_kinds = [its for kind in KINDS.values() if (its := [one for one in combinations if kind.items() <= one.items()])]
    runs = -(-session.profile.machines // len(of_kinds))  # else chance may leave out the one cell with two states
    with least.told():
        calm = drawing(runs, stateful_step_count=8, phases=[Phase.generate], verbosity=Verbosity.quiet)
        for its in of_kinds:
            run_state_machine_as_test(machine(session, its, least), settings=calm)
    if not least.compared:
        why = "stateful(case) gave no layer for any case that was drawn"
        session.not_run("stateful", why)
        pytest.skip(why)
