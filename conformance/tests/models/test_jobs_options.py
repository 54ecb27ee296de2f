"""How large a job is: every number of every job is refused where nothing could come of it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.models.job import JOBS
from conformance.common.arguments import figure_file


def numbers(module: Any) -> list[str]:
    """The job's options that take a number."""
    parser = ArgumentParser()
    module.add_arguments(parser)
    return [action.option_strings[0] for action in parser._actions if action.type not in (None, Path, figure_file)]


def test_jobs_take_numbers() -> None:
    assert {name for name, module in JOBS.items() if "--epochs" in numbers(module)} == set(JOBS) - {"counting"}


@pytest.mark.parametrize("wrong", ["0", "-1", "2.5", "many"])
@pytest.mark.parametrize(("name", "option"), [(name, each) for name in JOBS for each in numbers(JOBS[name])])
def test_a_number_that_is_no_count_is_refused_by_the_options_name(
    name: str, option: str, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = ArgumentParser()
    JOBS[name].add_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([f"{option}={wrong}"])
    assert ended.value.code == 2
    assert f"{option}: a positive whole number is needed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gates", "sentiment"])
def test_a_plot_that_no_format_is_known_of_is_refused_before_the_training(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = ArgumentParser()
    JOBS[name].add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--plot", "curves"])
    assert "--plot: a name that ends in .png, .svg, .pdf is needed, got curves" in capsys.readouterr().err
