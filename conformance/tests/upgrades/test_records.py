"""Records keep every bit, refuse what is damaged, and ask the same questions tomorrow."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conformance.implementations.finding import load
from conformance.tests.support import command
from conformance.tests.support.planted_changes import Small
from conformance.upgrades.observations.questions import Question, questions
from conformance.upgrades.observations.record import (
    Answer,
    Observation,
    Raised,
    RecordRefused,
    read_record,
    write_record,
)

SMALL = "conformance.tests.support.planted_changes:Small"
OPTIONS = {"kind": "SimpleRNN", "dtype": "float32", "activation": "tanh"}


def an_observation(**changes: Any) -> Observation:
    question = questions(Small())[0]
    values = {
        "outputs": np.array([[0.1, -0.0, np.nan], [np.inf, -np.inf, 5e-324]]),
        "state.h": np.array([1.0, 3.0], ml_dtypes.bfloat16),
        "d_x": np.zeros((0, 3), np.float16),
    }
    answers = (
        Answer(question, question.digest, values, path="loop"),
        Answer(question, question.digest, raised=Raised("ValueError", "no")),
    )
    plain: dict[str, Any] = {
        "implementation": "small",
        "versions": {"small": "1.0"},
        "machine": {"system": "Linux"},
        "surface": {"LSTM": {"opset": 22, "signature": {"units": "required"}, "weights": []}},
    }
    return Observation(**plain | changes, recorded="2026-11-22", answers=answers)


def test_every_bit_is_kept(tmp_path: Path) -> None:
    file, kept = tmp_path / "a.jsonl.xz", an_observation()
    write_record(file, [kept, kept])
    for found in read_record(file):
        assert [answer.raised for answer in found.answers] == [answer.raised for answer in kept.answers]
        assert found.answers[0].question.options == kept.answers[0].question.options
        assert (found.versions, found.surface) == (kept.versions, kept.surface)
        for name, value in kept.answers[0].values.items():
            got = found.answers[0].values[name]
            assert (got.dtype, got.shape, got.tobytes()) == (value.dtype, value.shape, value.tobytes())


def test_a_case_can_be_had_again_from_its_question(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.xz"
    write_record(file, [an_observation()])
    answer = read_record(file)[0].answers[0]
    assert answer.question.digest == answer.digest


def test_the_questions_do_not_change_with_numpy_or_with_the_place_of_the_options() -> None:
    """The digests of two questions, as they were when the first records were made."""
    its = {question.options["kind"]: question for question in reversed(questions(Small()))}
    assert {kind: question.digest for kind, question in its.items()} == DIGESTS
    first = next(iter(its.values()))
    turned = Question(dict(reversed(list(first.options.items()))), first.draw, first.sizes)
    assert turned.digest == first.digest
    assert Question(first.options, first.draw + 1).digest != first.digest


DIGESTS = {"GRU": "50064d24efb33f76ead087fe", "LSTM": "b1747df07f24ee2237c4ab75"}


def test_every_pair_of_values_is_asked_and_what_a_version_lacks_is_not() -> None:
    class Cheap(Small):
        expensive = False

    class Lacks(Cheap):
        every_release = Small.cells
        cells = tuple({**entry, "activation": ("tanh",)} for entry in Small.cells)

    every, some = ({question.digest: question.options for question in questions(one)} for one in (Cheap(), Lacks()))
    pairs = {(options["activation"], options["mask"]) for options in every.values()}
    assert len(pairs) == 6
    assert some.keys() == {digest for digest, options in every.items() if options["activation"] == "tanh"}


def cut(content: bytes) -> bytes:
    return content[:-40]


def flipped(content: bytes) -> bytes:
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


def lines(change: Callable[[list[Any]], Any]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        its = [json.loads(line) for line in lzma.decompress(content).decode().splitlines()]
        change(its)
        return lzma.compress("\n".join(map(json.dumps, its)).encode())

    return changed


def first_values(its: list[Any]) -> Any:
    return its[1]["answers"][0]["values"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "is cut off"),
        (flipped, "is damaged"),
        (lambda content: b"", "is cut off"),
        (lambda content: b"not xz at all", "no xz file"),
        (lambda content: lzma.compress(b""), "is empty"),
        (lambda content: lzma.compress(b"{"), "is not lines of JSON"),
        (lambda content: lzma.compress(b'{"format": "other"}'), "is no record"),
        (lines(lambda its: its[0].update(version=99)), "expected version 2 of the format, got 99"),
        (lines(lambda its: its[0].update(version=True)), "expected version 2 of the format, got True"),
        (lines(lambda its: its.pop()), "does not end with the count of its answers"),
        (lines(lambda its: its[1]["answers"].pop()), "does not end with the count of its answers, {'end': [1]}"),
        (lines(lambda its: its[-1].update(end=[3])), "does not end with the count of its answers, {'end': [2]}"),
        (lambda content: content + b"more", "4 bytes stand behind the xz stream"),
        (lambda content: content + content, "stand behind the xz stream"),
        (lambda content: lzma.compress(b"\xff"), "is not lines of JSON"),
        (lambda content: lzma.compress(b'{"format": 1, "format": 2}'), "a key stands twice"),
        (lambda content: lzma.compress(b'{"format": NaN}'), "non-finite number NaN"),
        (lambda content: lzma.compress(b'{"format": 1e999}'), "non-finite number 1e999"),
        (lambda content: lzma.compress(b"[" * 10**6), "more than 100 brackets are open at a time"),
        (lambda content: lzma.compress(bytes(2**27 + 1)), "is of absurd size"),
        (lines(lambda its: its[1].pop("versions")), "line 2: $: 'versions' is a required property"),
        (lines(lambda its: its[1].update(surprise=1)), "surprise"),
        (lines(lambda its: first_values(its).update(outputs="float64[2]:AAAA")), "outputs: float64[2]"),
        (lines(lambda its: first_values(its).update(outputs="float64[1]:AAAA!AAAAAA=")), "expected dtype[shape]"),
        (lines(lambda its: first_values(its).update(outputs="object[1]:AAAA")), "expected dtype[shape]:base64"),
        (lines(lambda its: first_values(its).update(outputs="float64[1]:AAA")), "outputs: float64[1]"),
    ],
)
def test_what_is_damaged_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes], said: str) -> None:
    file = tmp_path / "a.jsonl.xz"
    write_record(file, [an_observation()])
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(RecordRefused, match=r"a\.jsonl\.xz") as refused:
        read_record(file)
    assert said in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordRefused, match=r"nowhere\.jsonl\.xz: cannot be read: No such file"):
        read_record(tmp_path / "nowhere.jsonl.xz")


def test_an_implementation_is_recorded_and_what_takes_its_process_down_is_an_answer(tmp_path: Path) -> None:
    sound, stops = tmp_path / "sound.jsonl.xz", tmp_path / "stops.jsonl.xz"
    for file, name in ((sound, SMALL), (stops, SMALL.replace("Small", "Stops"))):
        status, said = command("record", str(file), "--implementation", name)
        assert status == 0, said
    (whole,), (stopped,) = read_record(sound), read_record(stops)
    assert [a.digest for a in whole.answers] == [a.digest for a in stopped.answers]
    died = [a for a in stopped.answers if a.raised]
    assert {a.raised for a in died} == {Raised("ProcessEnded", "status 3")}
    assert {a.question.options["recurrent_activation"] for a in died} == {"hard_sigmoid"}
    assert whole.speed.keys() == {"LSTM", "GRU"}
    assert whole.machine["threads"] == 1
    assert not whole.not_run


def test_a_record_of_the_first_version_is_read_without_a_count(tmp_path: Path) -> None:
    file, kept = tmp_path / "a.jsonl.xz", an_observation()
    write_record(file, [kept])

    def before(its: list[Any]) -> None:
        its[0].update(version=1)
        its.pop()

    file.write_bytes(lines(before)(file.read_bytes()))
    (found,) = read_record(file)
    assert len(found.answers) == len(kept.answers)


def test_a_process_that_ends_early_with_status_0_or_hangs_has_done_so_on_its_question(tmp_path: Path) -> None:
    file = tmp_path / "three.jsonl.xz"
    names = [SMALL.replace("Small", name) for name in ("Small", "Leaves", "Hangs")]
    asked = [word for name in names for word in ("--implementation", name)]
    status, said = command("record", str(file), *asked, "--call-timeout", "4")
    assert status == 0, said
    whole, left, hung = read_record(file)
    for one, message in ((left, "status 0"), (hung, "no answer in 4 s")):
        assert [a.digest for a in whole.answers] == [a.digest for a in one.answers]
        died = [a for a in one.answers if a.raised]
        assert {a.raised for a in died} == {Raised("ProcessEnded", message)}
        assert {a.question.options["recurrent_activation"] for a in died} == {"hard_sigmoid"}


def test_what_cannot_run_is_said_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.xz"
    name = "conformance.tests.support.planted_changes:Absent"
    status, said = command("record", str(file), "--implementation", name)
    assert (status, "nothing was recorded" in said, file.exists()) == (1, True, False), said


def test_an_implementation_that_raises_in_every_case_fails_and_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.xz"
    status, said = command("record", str(file), "--implementation", SMALL.replace("Small", "Broken"))
    (broken,) = read_record(file)
    assert status == 1, said
    assert {answer.raised for answer in broken.answers} == {Raised("TypeError", "no")}


def test_records_are_merged_and_of_two_alike_the_last_stays(tmp_path: Path) -> None:
    one, other, merged = (tmp_path / f"{name}.jsonl.xz" for name in ("one", "other", "merged"))
    write_record(one, [an_observation(), an_observation(implementation="another")])
    write_record(other, [an_observation(machine={"system": "Darwin"}), an_observation(versions={"small": "1.1"})])
    status, said = command("merge", str(merged), str(one), str(other))
    assert (status, "3 observations" in said) == (0, True), said
    assert [(o.implementation, o.versions["small"], o.machine["system"]) for o in read_record(merged)] == [
        ("small", "1.0", "Darwin"),
        ("another", "1.0", "Linux"),
        ("small", "1.1", "Linux"),
    ]
    other.write_bytes(b"")
    status, said = command("merge", str(tmp_path / "no.jsonl.xz"), str(one), str(other))
    assert (status, "other.jsonl.xz: is cut off" in said, (tmp_path / "no.jsonl.xz").exists()) == (2, True, False)


def test_the_load_of_a_plug_in_knows_its_questions() -> None:
    assert questions(load(SMALL))
