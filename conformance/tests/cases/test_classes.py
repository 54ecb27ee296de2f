"""Classes of sizes, numbers, losses and masks: each case has what it carries, and together they meet everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.classes import extents, losses, sizes, values
from conformance.cases.classes.covering import Pairs, classes_of, covering, pairs_of
from conformance.cases.declarations import Misdeclared
from conformance.cases.option_space import Combination, space_of
from conformance.cases.option_table import CARRIED
from conformance.cases.parts import unmasked_steps_of as steps
from conformance.cases.real_cases import RealCaseBuilder
from conformance.common.descriptions import first_cell
from conformance.contract import Array, Case
from conformance.power.mutants.layer import Textbook
from conformance.suite.plan import CELL_VARIANTS

SPACE = space_of(Textbook.cells, ("float64", "float32"))
KINDS = {kind: SPACE.with_options(**wanted) for kind, wanted in CELL_VARIANTS.items()}
COVERED = covering(KINDS, seed=0, every=False)


def some(carried: str, each: str, can_have: Callable[[Combination, Any], bool]) -> Iterator[tuple[Combination, Case]]:
    """Six cases of every kind of cell that have the class, of combinations that are chosen at random."""
    for its in KINDS.values():
        order = np.random.default_rng(1).permutation(len(its))
        suitable = (its[k] for k in order if can_have(its[k], each))
        for seed, combination in zip(range(6), suitable, strict=False):
            yield combination, build_case(SeededChooser(seed), {**combination, carried: each})


def cotangents(case: Case) -> list[Array]:
    return [part for part in (case.d_outputs, *(case.d_state or ())) if part is not None]


LOOKS: dict[str, Callable[[Case], bool]] = {
    "last output only": lambda case: case.d_state is None and (count(case.d_outputs, (2,)) == 1).all(),
    "final state only": lambda case: case.d_outputs is None,
    "one step": lambda case: case.d_state is None and np.any(case.d_outputs, axis=(0, 2)).sum() == 1,
    "one row": lambda case: all((np.any(part.reshape(len(part), -1), axis=1)).sum() == 1 for part in cotangents(case)),
    "one unit": lambda case: case.d_state is None and np.any(case.d_outputs, axis=(0, 1)).sum() == 1,
    "zeros scattered": lambda case: any((part == 0).any() for part in cotangents(case)),
    "all ones": lambda case: all((part == 1).all() for part in cotangents(case)),
    "tiny": lambda case: all(np.abs(part).max() < 1e-20 for part in cotangents(case)),
    "huge": lambda case: all(np.abs(part).max() > 1e3 for part in cotangents(case)),
}


def count(array: Any, axes: tuple[int, ...]) -> Array:
    """Of each row, how many steps are not zeros."""
    return np.asarray(np.any(array, axis=axes).sum(axis=1))


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_the_cotangents_are_those_of_the_loss(loss: str) -> None:
    found = list(some("loss", loss, losses.can_have))
    assert len(found) == 6 * len(KINDS)
    for combination, case in found:
        scattered = loss == "zeros scattered" and sum(part.size for part in cotangents(case)) < 20
        assert case.wants_gradients
        assert scattered or LOOKS[loss](case), f"{loss}: {combination}: {cotangents(case)}"


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_an_ordinary_case_is_of_no_such_loss(loss: str) -> None:
    combination = SPACE.with_options(kind="LSTM", layers=1, direction="forward", mask="none", initial_state=True)[0]
    case = build_case(SeededChooser(0, sizes={"batch": 3, "time": 4, "hidden": 5}), combination)
    assert not LOOKS[loss](case)


def test_the_last_output_is_that_of_each_rows_last_step_that_counts() -> None:
    (combination, *_) = SPACE.with_options(kind="GRU", mask="right", direction="forward", return_sequences=True)
    case = build_case(SeededChooser(3), {**combination, "loss": "last output only"})
    assert (np.argmax(np.any(case.d_outputs, axis=2), axis=1) == case.mask.sum(axis=1) - 1).all()  # type: ignore[union-attr]
    assert not steps(case).all()


@pytest.mark.parametrize("name", values.VALUES)
def test_special_numbers_leave_the_options_and_the_garbage_in_masked_steps_as_they_are(name: str) -> None:
    for combination, case in some("values", name, values.can_have):
        options = {key: value for key, value in case.options.items() if key != "gradients"}
        assert options == {key: value for key, value in combination.items() if key != "gradients"}
        masked = case.x[~steps(case)]
        assert np.abs(masked).min(initial=np.inf) > 1, f"{name}: {combination}"


def parameters(case: Case, which: str) -> list[Array]:
    return [value for name, value in case.params.items() if which in name.rpartition(".")[2]]


def blocks(case: Case) -> list[Array]:
    return [
        block
        for kernel in parameters(case, "recurrent_kernel")
        for block in np.split(kernel, kernel.shape[1] // len(kernel), axis=1)
    ]


def is_negative_zero(array: Array) -> Array:
    return np.asarray((array == 0) & np.signbit(array))


HAS: dict[str, Callable[[Case, Array], bool]] = {
    "zeros scattered": lambda case, x: (x == 0).any(),
    "one-hot": lambda case, x: (np.sort(x, axis=-1)[..., -1] == 1).all() and (x.sum(axis=-1) == 1).all(),
    "zero input": lambda case, x: not x.any(),
    "zero row": lambda case, x: any(not row[kept].any() for row, kept in zip(case.x, steps(case), strict=True)),
    "zero step": lambda case, x: any(not case.x[kept, t].any() for t, kept in enumerate(steps(case).T)),
    "zero biases": lambda case, x: not any(bias.any() for bias in parameters(case, "bias")),
    "zero state": lambda case, x: not any(part.any() for part in case.initial_state or ()),
    "zero kernel": lambda case, x: not any(
        value.any() for name, value in case.params.items() if name.rpartition(".")[2] == "kernel"
    ),
    "zero recurrent kernel": lambda case, x: not any(part.any() for part in parameters(case, "recurrent_kernel")),
    "negative zeros": lambda case, x: bool(is_negative_zero(x).any()),
    "constant input": lambda case, x: np.ptp(x) == 0,
    "constant kernels": lambda case, x: all(np.ptp(kernel) == 0 for kernel in parameters(case, "kernel")),
    "equal rows": lambda case, x: not steps(case).all() or not np.ptp(case.x, axis=0).any(),
    "equal steps": lambda case, x: not steps(case).all() or not np.ptp(case.x, axis=1).any(),
    "integers": lambda case, x: bool((x == np.round(x)).all()),
    "subnormal": lambda case, x: ((x != 0) & (np.abs(x) < np.finfo(x.dtype).smallest_normal)).any(),
    "huge": lambda case, x: np.abs(case.x).max() >= 999,
    "immense": lambda case, x: np.abs(case.x).max() > 0.9e30,
    "symmetric recurrent kernel": lambda case, x: all((block == block.T).all() for block in blocks(case)),
    "identity recurrent kernel": lambda case, x: all((block == np.eye(len(block))).all() for block in blocks(case)),
}  # fmt: skip


@pytest.mark.parametrize("name", values.VALUES)
def test_a_case_has_the_special_numbers_that_it_carries(name: str) -> None:
    found = list(some("values", name, values.can_have))
    assert len(found) == 6 * len(KINDS)
    for combination, case in found:
        its = case.x[steps(case)]
        assert not its.size or HAS[name](case, its), f"{name}: {combination}: {case.x}"


FITS: dict[str, Callable[[Array], bool]] = {
    extents.FULL: lambda left: bool(left.all()),
    extents.EQUAL: lambda left: bool((left == left[0]).all()) and not left.all() and bool(left.any()),
    extents.SHORT: lambda left: not left.all(axis=1).any() and bool(left.any(axis=1).all()),
    extents.NOTHING: lambda left: not left.any() and len(left) > 1,
    extents.OF_ONE: lambda left: not left.any() and len(left) == 1,
}


@pytest.mark.parametrize("extent", extents.EXTENTS)
def test_a_mask_or_lengths_leave_what_they_should_and_are_of_their_kind(extent: str) -> None:
    found = list(some("extent", extent, extents.can_have))
    assert found
    for combination, case in found:
        assert FITS[extent](steps(case)), f"{extent}: {combination}: {steps(case)}"
        assert (case.options["mask"], case.options["lengths"]) == (combination["mask"], combination["lengths"])


def test_a_case_has_exactly_the_sizes_that_it_carries() -> None:
    for its in COVERED.values():
        for combination in (one for one in its if "shape" in one):
            shape = combination["shape"]
            given = {"hidden" if name == "units" else name: size for name, size in shape.sizes.items()}
            case = RealCaseBuilder(SeededChooser(0, sizes=given), combination, SizeLimits()).case()
            units = first_cell(case.cell).hidden_size
            assert (units, *case.x.shape) == (shape.units, shape.batch, shape.time, shape.input), combination


def all_pairs() -> Pairs:
    return {pair for its in COVERED.values() for one in its for pair in pairs_of(one)}


def test_every_class_meets_every_cell_every_direction_every_precision_and_gradients() -> None:
    pairs = all_pairs()
    classes = {("values", each) for each in values.VALUES} | {("loss", each) for each in losses.LOSSES}
    classes |= {(name, sizes.class_of(name, row[name][0])) for row in sizes.ROWS for name in sizes.NAMES}
    met = [("direction", each) for each in ("forward", "backward")] + [("gradients", True)]
    met += [("dtype", each) for each in ("float64", "float32")] + [("kind", each) for each in ("SimpleRNN", "LSTM")]
    met += [("reset_after", each) for each in (True, False)]
    missing = [(one, what) for one in sorted(classes) for what in met if (*one, *what) not in pairs]
    assert not missing


def test_every_extent_meets_every_cell() -> None:
    pairs = all_pairs()
    assert not [
        (extent, kind)
        for extent in extents.EXTENTS
        for kind in ("SimpleRNN", "LSTM", "GRU")
        if ("extent", extent, "kind", kind) not in pairs
    ]


def test_every_size_around_a_multiple_of_a_vector_is_met() -> None:
    met = {one["shape"].units for its in COVERED.values() for one in its if "shape" in one}
    assert met >= {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 512}


def test_a_run_asks_for_a_thousand_steps_and_for_257_rows_once() -> None:
    its = [one["shape"] for each in COVERED.values() for one in each if "shape" in one]
    assert [shape.time for shape in its].count(1000) == [shape.batch for shape in its].count(257) == 1


def test_what_is_unrolled_is_asked_no_long_sequence() -> None:
    unrolled = {"LSTM": [{**one, "unroll": True} for one in KINDS["LSTM"]]}
    steps = [one["shape"].time for one in covering(unrolled, seed=0, every=False)["LSTM"] if "shape" in one]
    assert 40 < max(steps) <= 50, steps


def test_what_compiles_anew_is_asked_few_classes_and_no_class_is_lost() -> None:
    modes = {
        kind: [{**one, "mode": mode} for one in its for mode in ("eager", "compiled")] for kind, its in KINDS.items()
    }
    found = covering(modes, seed=0, every=False, anew={"mode": ("compiled",)})
    alike = covering(modes, seed=0, every=False)
    assert 4 * compiled(found) < compiled(alike)
    assert all(classes_met(found[kind]) == classes_met(alike[kind]) for kind in KINDS)


def compiled(covered: Mapping[str, Sequence[Combination]]) -> int:
    return sum(one["mode"] == "compiled" for its in covered.values() for one in its)


def classes_met(combinations: Sequence[Combination]) -> set[tuple[str, str]]:
    """Sizes and numbers; losses are drawn."""
    return {(name, each) for one in combinations for name, each in classes_of(one).items() if name != "loss"}


def test_every_class_is_asked_with_each_direction_and_dtype_of_each_cell_where_everything_is() -> None:
    few = {"LSTM": [one for one in KINDS["LSTM"] if one["mask"] == "none"]}
    everything = covering(few, seed=0, every=True)["LSTM"]
    found = {(one["values"], one["direction"], one["dtype"]) for one in everything if "values" in one}
    assert len(found) == len(values.VALUES) * 3 * 2


def test_what_is_asked_once_is_no_class_that_every_cell_must_meet() -> None:
    its = [one for each in COVERED.values() for one in each]
    assert [classes_of(one)["once"] for one in its if "once" in classes_of(one)] == ["1000 steps", "257 rows"]
    assert not any(classes_of(one).get("loss") == losses.NONE for one in its)


def test_the_same_seed_gives_the_same_cases_and_another_seed_others() -> None:
    assert covering(KINDS, seed=0, every=False) == COVERED != covering(KINDS, seed=1, every=False)


@pytest.mark.parametrize("name", CARRIED)
def test_no_implementation_can_declare_that_it_has_some_classes_only(name: str) -> None:
    with pytest.raises(Misdeclared, match=f"{name}.*every implementation is asked all classes"):
        space_of([{"kind": "LSTM", name: ("ordinary",)}], ("float64",))
