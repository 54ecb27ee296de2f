"""A failing case: in words, and in full as data for reports, with what was expected of each number and what came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..cases.asking import observe
from ..common.printable import LINE, NAME, bounded, printable, printable_lines
from ..contract import Array, Case, Implementation, Quantities
from ..judging.divergences import Divergence, expected_with
from ..judging.reproduction import reproducing_script
from ..judging.verdict import compare

MOST_QUANTITIES, MOST_NUMBERS = 6, 64  # that are shown of a case: the worst ones
LINES_SHOWN = 8
MOST_NUMBERS_PRINTED = 10_000  # of a case; a larger one is not printed as a script


def script_of_case(implementation: Implementation, case: Case, known_divergences: Sequence[Divergence]) -> str:
    """A script that reproduces what a case shows; empty where the case is too large to be printed."""
    if case.size > MOST_NUMBERS_PRINTED:
        return ""
    return reproducing_script(implementation, case, expected_with(implementation, case, known_divergences))


def failure_message(
    implementation: Implementation, case: Case, known_divergences: Sequence[Divergence], lines: Sequence[str]
) -> str:
    """What is wrong with an answer, with the script that reproduces it or why there is none."""
    versions = ", ".join(f"{package} {version}" for package, version in implementation.versions.items())
    omitted = [f"… and {len(lines) - LINES_SHOWN} more"] if len(lines) > LINES_SHOWN else []
    script = script_of_case(implementation, case, known_divergences)
    too_large = f"no script is printed: {case.size:,} numbers go in; the test and the seed draw them again"
    head = "--- a script that reproduces it, without this project ---"
    return "\n".join(
        [
            f"{printable(implementation.name, NAME)} ({printable(versions)}) disagrees with the oracle",
            f"  {case!r}",
            *(f"  {printable(line)}" for line in [*lines[:LINES_SHOWN], *omitted]),
            "",
            *([head, script, "--- end of script ---"] if script else [too_large]),
        ]
    )


def failing_case(
    implementation: Implementation, case: Case, known_divergences: Sequence[Divergence], lines: Sequence[str]
) -> dict[str, Any]:
    """The case as JSON holds it.

    description   the case in words, and ``lines``, what is wrong with it
    options       its options by name, values as text
    quantities    the quantities with the worst errors: of each the name, the shape, how many ``numbers`` it has, and
                  the ``shown`` ones, each its index, what was expected, what came, and the limit of the error; a number
                  that is not finite is text. Without a number, ``problem`` says why
    raised        what the implementation raised; empty where it did not
    script        what reproduces it; empty where the case is too large
    """
    raised, quantities = "", list[dict[str, Any]]()
    try:
        values = observe(implementation, case).values
    except Exception as error:
        raised = f"{type(error).__name__}: {printable_lines(error, LINE)}"
    else:
        quantities = _worst_quantities(implementation, case, known_divergences, values)
    return {
        "description": repr(case),
        "lines": bounded(list(lines)),
        "options": {name: str(value) for name, value in case.options.items()},
        "quantities": quantities,
        "raised": raised,
        "script": script_of_case(implementation, case, known_divergences),
    }


def _worst_quantities(
    implementation: Implementation, case: Case, known_divergences: Sequence[Divergence], values: Quantities
) -> list[dict[str, Any]]:
    expected = expected_with(implementation, case, known_divergences)
    found = []
    for name in expected.values.keys() & values.keys():
        compared = compare(name, expected.values[name], expected.limits[name], values[name], expected.dtype)
        rank = math.inf if compared.problem else compared.ratio
        if compared.problem:
            found.append((rank, {"quantity": name, "problem": compared.problem}))
        else:
            got = np.asarray(values[name]).astype(np.float64)
            found.append((rank, _side_by_side(name, expected.values[name], got, expected.limits[name])))
    found.sort(key=lambda one: (-one[0], one[1]["quantity"]))
    return [quantity for _, quantity in found[:MOST_QUANTITIES]]


def _side_by_side(name: str, expected: Array, got: Array, limit: Array) -> dict[str, Any]:
    """A quantity's numbers in their order: all, or those that are farthest off."""
    with np.errstate(all="ignore"):
        error = np.abs(got - expected)
        ratio = np.where(error == 0, 0.0, error / limit)
    ratio = np.where(np.isfinite(limit), np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), 0.0).ravel()
    places = np.sort(np.argsort(-ratio, kind="stable")[:MOST_NUMBERS])
    shown = [
        [
            [int(k) for k in np.unravel_index(place, expected.shape)],
            *(_encodable(float(array.flat[place])) for array in (expected, got, limit)),
        ]
        for place in places.tolist()
    ]
    return {"quantity": name, "shape": list(expected.shape), "numbers": int(expected.size), "shown": shown}


def _encodable(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)
