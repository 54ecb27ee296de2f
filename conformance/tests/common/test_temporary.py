"""A temporary folder is gone when its process is, however that ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.common.temporary import temporary_folder

from ..support import start

WAITS = """
import subprocess, sys, time
from pathlib import Path
from conformance.common.temporary import temporary_folder
with temporary_folder("conformance-test-", Path(sys.argv[1])) as folder:
    (folder / "a" / "b").mkdir(parents=True)
    {more}
    (folder / "ready").write_text("")
    time.sleep(600)
"""
WRITES = "while True: open(sys.argv[1] + '/' + str(time.monotonic()), 'w')"
A_WRITER = f"""subprocess.Popen([sys.executable, "-c", "import sys, time\\n{WRITES}", str(folder)])"""


def test_it_is_there_in_the_block_and_gone_after_it(tmp_path: Path) -> None:
    with temporary_folder("a-", tmp_path) as folder:
        (folder / "file").write_text("")
        assert (folder.parent, folder.name[:2], folder.stat().st_mode & 0o777) == (tmp_path, "a-", 0o700)
    assert not list(tmp_path.iterdir())


def test_it_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), temporary_folder("a-", tmp_path):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_two_are_not_one(tmp_path: Path) -> None:
    with temporary_folder("a-", tmp_path) as one, temporary_folder("a-", tmp_path) as other:
        assert one != other


@pytest.mark.parametrize("more", ["", A_WRITER], ids=["alone", "while another process writes into it"])
def test_it_is_gone_where_its_process_is_killed(more: str, tmp_path: Path) -> None:
    running = start("-c", WAITS.format(more=more), str(tmp_path))
    until = time.monotonic() + 60
    while not list(tmp_path.glob("*/ready")):
        assert time.monotonic() < until, running.ended()
        time.sleep(0.01)
    running.end()
    while list(tmp_path.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.01)
