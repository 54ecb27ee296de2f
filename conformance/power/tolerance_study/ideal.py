"""How much of a fault the best of all tests could see, beside what the verdict sees of it.

``python -m conformance.power.tolerance_study.ideal --implementation torch --dtype float32 --seed 7``

No test is more powerful than one that knows which weight is wrong and by how much, and looks for that alone (J. Neyman
and E. S. Pearson, Philosophical Transactions A 231, 1933). Where errors are normal with covariance Σ, and the fault
moves them by e, it looks at ``eᵀ Σ⁻¹ errors``, which the fault moves by ``λ = √(eᵀ Σ⁻¹ e)`` of its standard deviations.
Here Σ is that of sampled evaluations, and e is the oracle's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from refimpl.leaning import errors_of
from refimpl.noise import MOST_SAMPLES, Noise
from refimpl.precision import Precision
from refimpl.running import checked_cotangents
from refimpl.sampling import sampled_parts

from ...cases.asking import observe
from ...common.arguments import count
from ...contract import Array, Case, Implementation
from ...implementations.finding import load
from ...judging.arithmetic import arithmetic_of
from ...judging.divergences import Disagreement, expected_with, run_and_judge
from ...judging.expected import FALSE_ALARMS, NUMBERS, OracleAnswer
from ...judging.verdict import judge
from ...suite.session import PROFILES, Session
from .cases import GROUP_SIZE, StudyCases
from .sensitivity import PARAMETERS, WANTED_SENSITIVITY, with_random_fault

CASES = 1000  # of a run: each may raise the alarm
SAMPLES = 1024
_LEAST = 1e-3  # variance of a direction that the samples still show, in that of a number


@dataclass(frozen=True)
class Chances:
    """How likely a fault is seen in a case, by three tests.

    verdict  the suite's own: 0 or 1
    number   of single numbers whose deviations are known exactly
    best     that knows the fault
    moved    whether it moves anything
    """

    verdict: float
    number: float
    best: float
    moved: bool


def chances(implementation: Implementation, session: Session, case: Case, faulty: Case) -> Chances:
    """Those of a case, of which another has the fault."""
    answer = OracleAnswer(case)
    bad = observe(implementation, faulty)
    seen = judge(expected_with(implementation, case, session.known_divergences), bad).disagreements
    sampled, wrong = _errors(answer, arithmetic_of(implementation, case)), OracleAnswer(faulty).values
    names = [name for name in answer.values if name in bad.values and not name.startswith("gates.")]
    errors = np.concatenate([sampled[name] for name in names], axis=1)
    effect = np.concatenate([(wrong[name] - answer.values[name]).ravel() for name in names])
    single, best = _power(_farthest(errors, effect), NUMBERS), _power(distance(errors, effect), CASES)
    return Chances(float(bool(seen)), single, best, bool(effect.any()))


def _errors(answer: OracleAnswer, precision: Precision) -> Mapping[str, Array]:
    """``(samples, numbers)`` by the quantity's name."""
    run, case = answer.run, answer.case.in_dtype(np.float64)
    outputs, state = checked_cotangents(run, case.d_outputs, case.d_state, dtype=None, check_finite=False)
    found: dict[str, list[Array]] = {}
    with np.errstate(all="ignore"):
        for begin in range(0, SAMPLES, MOST_SAMPLES):
            noise = Noise(precision, MOST_SAMPLES, (0, begin), steps=run.x.shape[1])
            sampled = sampled_parts(run, noise, outputs, state, answer.case.wants_gradients)
            for name, parts in sampled.items():
                errors = errors_of(parts) if all(hasattr(part, "settled") for part in parts) else None
                none = np.zeros((MOST_SAMPLES, answer.values[name].size))
                found.setdefault(name, []).append(none if errors is None else noise.unit * errors.astype(np.float64))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _farthest(errors: Array, effect: Array) -> float:
    """How many of its deviations the number is off that is so most."""
    return float(np.abs(_in_deviations(errors, effect)[1]).max(initial=0.0))


def distance(errors: Array, effect: Array) -> float:
    """``√(eᵀ Σ⁻¹ e)`` of an effect e, by the covariance of errors ``(samples, numbers)``.

    Directions in which the samples hardly differ are left out: equal numbers differ in none.
    """
    scaled, moved = _in_deviations(errors, effect)
    variances, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    along = directions.T @ moved
    kept = variances > _LEAST
    return float(np.sqrt(np.sum(np.square(along[kept]) / variances[kept])))


def _in_deviations(errors: Array, effect: Array) -> tuple[Array, Array]:
    """Both in units of each number's deviation, without numbers that have none."""
    deviation = np.sqrt(np.square(errors).mean(axis=0))
    shown = (deviation > 0) & np.isfinite(deviation)
    return errors[:, shown] / deviation[shown], effect[shown] / deviation[shown]


def _power(deviations: float, among: int) -> float:
    """The chance that what lies so far out, in the mean, is called improbable where a run has so many to look at."""
    normal = NormalDist()
    return normal.cdf(deviations + normal.inv_cdf(FALSE_ALARMS / among / 2))


def main(arguments: Sequence[str]) -> int:
    """Prints the shares of the cases that see the fault."""
    parser = argparse.ArgumentParser(prog="python -m conformance.power.tolerance_study.ideal", description=__doc__)
    parser.add_argument("--implementation", default="torch", metavar="NAME", help="as of `run` (default: torch)")
    parser.add_argument("--dtype", choices=tuple(WANTED_SENSITIVITY), default="float32", help="(default: float32)")
    parser.add_argument("--target", choices=tuple(PARAMETERS), default="recurrent weight", help="what has the fault")
    parser.add_argument("--cases", type=count, default=120, help="how many, two of each combination (default: 120)")
    parser.add_argument("--seed", type=int, default=0, help="of the study's cases (default: 0)")
    parsed = parser.parse_args(arguments)
    session = Session(load(parsed.implementation), PROFILES["quick"])
    draws, by = StudyCases(session, parsed.dtype, parsed.seed), WANTED_SENSITIVITY[parsed.dtype]
    found, refused = [], 0
    for number in range(0, parsed.cases * GROUP_SIZE // 2, GROUP_SIZE // 2):
        case = draws.case(number)
        faulty = with_random_fault(case, parsed.target, np.random.default_rng((parsed.seed, number)), by)
        try:
            compared = run_and_judge(session.implementation, case, session.known_divergences)[0].numbers
        except Disagreement:
            compared = 0
        if faulty is None or not compared:
            refused += 1
            continue
        found.append(chances(session.implementation, session, case, faulty))
    if not found:
        print("no case has such a weight and compares anything")
        return 2
    verdict, single, best, moved = np.array([(c.verdict, c.number, c.best, c.moved) for c in found]).mean(axis=0)
    print(
        f"{len(found)} ordinary cases of {parsed.implementation} in {parsed.dtype}, a {parsed.target} off by {by:g} of "
        f"itself: seen by the verdict in {verdict:.1%}; by single numbers, were their deviations known, {single:.1%}; "
        f"by the best test of all, {best:.1%}; in {1 - moved:.1%} it moves nothing; {refused} cases have none"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
