"""The page of one run, from its record: verdicts, failing cases, errors, divergences, options, what was not run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...judging.divergences import Divergence, known_divergences, script_of
from ...suite.events import FAMILIES
from .features import MEANINGS, SYMBOLS, Features, condition_in_words
from .pages import anchor, machine_in_words, page, short

SCRIPTS = ("plotly", "filters.js", "distributions.js", "run.js")
_EMPTY: Mapping[str, Any] = {"arithmetic": {}, "coarser": {}, "declared": {}, "tried": {}, "failing_cases": ()}


def run_page(record: Mapping[str, Any], back: str = "") -> str:
    """The page of a run's record; ``back`` is the address of the page that led here, if one did."""
    results = _with_unique_names(record["implementations"])
    features = {result["name"]: Features(result) for result in results}
    return page(
        "run.html.jinja",
        SCRIPTS,
        record=record,
        partial=record.get("why_partial") or record.get("partial") or "",
        back=back,
        machine=machine_in_words(record),
        results=results,
        families=[name for name in FAMILIES if any(name in result["families"] for result in results)],
        cells={result["name"]: _cells(result) for result in results},
        failures=_with_unique_ids([failure for result in results for failure in _failures(result)]),
        divergences=_divergences(results),
        options=_options(features),
        symbols=SYMBOLS,
        meanings=MEANINGS,
        choices=_choices(results, features),
        data={
            "families": FAMILIES,
            "implementations": [{"name": result["name"], "tried": _in_order(result["tried"])} for result in results],
        },
    )


def _with_unique_names(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The results with a number behind a name that stands twice, as two plug-ins may choose the same.

    What older records do not hold is empty.
    """
    seen: Counter[str] = Counter()
    found: list[Mapping[str, Any]] = []
    for result in results:
        seen[result["name"]] += 1
        number = f" ({seen[result['name']]})" if seen[result["name"]] > 1 else ""
        found.append({**_EMPTY, **result, "name": result["name"] + number})
    return found


def _in_order(tried: Mapping[str, Any]) -> dict[str, Any]:
    """The tried cases with their options as pairs, as an object in JavaScript may have another order."""
    return {**tried, "options": [list(pair) for pair in tried.get("options", {}).items()]}


def _cells(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The matrix's cells of an implementation: by family what is shown, and what it means."""
    found = {}
    for family, its in result["families"].items():
        worst = its["worst"]
        state = "wrong" if worst is None or worst > 1 else "right"
        undecided = f", {its['undecided']:,} more have no limit" if its["undecided"] else ""
        found[family] = {
            "state": state,
            "text": short(worst),
            "numbers": its["numbers"],
            "deviations": its.get("deviations"),
            "label": f"{its['numbers']:,} numbers, the worst error is {short(worst)} of its limit{undecided}",
        }
    return found


def _failures(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The failing cases in full, and the messages of failing tests of which no case is known."""
    found = [
        {
            **case,
            "id": anchor("case", result["name"], result["device"], case["test"], case["description"], case["lines"]),
            "implementation": result["name"],
            "facets": {"implementation": result["name"], "options": case["options"]},
            "message": "",
            "quantities": [{**quantity, "rows": _rows(quantity)} for quantity in case["quantities"]],
        }
        for case in result.get("failing_cases", ())
    ]
    in_full = {case["test"] for case in found}
    crashed = {"the process ended before all tests had run": result["why"]} if result["verdict"] == "CRASHED" else {}
    found += [
        {
            "id": anchor("case", result["name"], result["device"], test),
            "implementation": result["name"],
            "test": test,
            "description": "",
            "lines": [],
            "options": {},
            "facets": {"implementation": result["name"], "options": {}},
            "message": message,
            "quantities": [],
            "raised": "",
            "script": _script_in(message),
        }
        for test, message in (result["failures"] | crashed).items()
        if test not in in_full
    ]
    return found


def _with_unique_ids(failures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failures with a number behind an id that stands twice, as of two cases that read the same."""
    seen: Counter[str] = Counter()
    for failure in failures:
        seen[failure["id"]] += 1
        if seen[failure["id"]] > 1:
            failure["id"] += f"-{seen[failure['id']]}"
    return list(failures)


def _script_in(message: str) -> str:
    found = re.search(r"^--- a script that .*? ---\n(.*?)^--- end of script ---", message, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def _rows(quantity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Numbers side by side: the error in units of the limit, and whether that is too much."""
    rows = []
    for index, expected, got, limit in quantity.get("shown", ()):
        error, most = abs(float(got) - float(expected)), float(limit)
        ratio = 0.0 if error == 0 else error / most if most else float("inf")
        wrong = not ratio <= 1 and most < float("inf")
        rows.append(
            {"index": index, "expected": expected, "got": got, "limit": limit, "error": error, "wrong": wrong}
            | {"ratio": "NaN" if ratio != ratio else short(ratio)}
        )
    return rows


def _divergences(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The known divergences that were seen or that applied, each once, with those who have it."""
    catalogue = {entry.id: entry for entry in known_divergences()}
    summaries = {name: summary for result in results for name, summary in result["divergences"].items()}
    for name in (name for result in results for name in result["divergent_cases"]):
        summaries.setdefault(name, catalogue[name].summary if name in catalogue else name)
    found = []
    for name, summary in summaries.items():
        seen = {r["name"]: r["divergent_cases"].get(name, 0) for r in results if name in r["divergences"]}
        seen |= {r["name"]: r["divergent_cases"][name] for r in results if name in r["divergent_cases"]}
        found.append(
            {"id": anchor("divergence", name), "name": name, "summary": summary, "seen": seen}
            | _from_catalogue(catalogue.get(name))
            | {"cases": sum(seen.values())}
        )
    for each in found:
        each["facets"] = {"implementations": list(each["seen"]), "when": each["when"]}
    return sorted(found, key=lambda each: -each["cases"])


def _from_catalogue(entry: Divergence | None) -> dict[str, Any]:
    if entry is None:
        return dict.fromkeys(("condition", "since", "effect", "violates", "reference", "script"), "") | {"when": []}
    return {
        "condition": condition_in_words(entry),
        "since": ", ".join(f"{package} {wanted}" for package, wanted in entry.versions.items()),
        "effect": entry.effect,
        "violates": entry.violates,
        "reference": entry.reference,
        "script": script_of(entry).read_text(encoding="utf-8"),
        "when": [{name: [str(value) for value in values] for name, values in one.items()} for one in entry.when],
    }


def _options(features: Mapping[str, Features]) -> list[dict[str, Any]]:
    """A row for each option's value, a field for each implementation; without options that nobody has a choice in."""
    values: dict[str, dict[str, None]] = {}
    for its in features.values():
        for name, each in its.values().items():
            values.setdefault(name, {}).update(dict.fromkeys(each))
    return [
        {"option": name, "value": value, "fields": {who: its.field({name: (value,)}) for who, its in features.items()}}
        for name, its_values in values.items()
        if len(its_values) > 1
        for value in sorted(its_values)
    ]


def _choices(results: Sequence[Mapping[str, Any]], features: Mapping[str, Features]) -> dict[str, Any]:
    """What can be chosen in the filters."""
    values: dict[str, set[str]] = {}
    for its in features.values():
        for name, each in its.values().items():
            values.setdefault(name, set()).update(each)
    options = {name: sorted(its) for name, its in sorted(values.items()) if len(its) > 1}
    return {
        "framework": [result["name"] for result in results],
        "cell": options.pop("kind", sorted(values.get("kind", ()))),
        "dtype": options.pop("dtype", sorted(values.get("dtype", ()))),
        "option": options,
    }
