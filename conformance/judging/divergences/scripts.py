"""Running the scripts that show divergences, those of one framework in one process, so that they share its import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ALL_IN_ONE = """
import contextlib, io, json, runpy, sys
names = sys.argv[1:]
for name in names:
    said, sys.argv = io.StringIO(), [name]
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(name, run_name="__main__")
        status = 0
    except SystemExit as ended:
        status = 1 if isinstance(ended.code, str) else ended.code or 0
    except BaseException as error:
        status = f"{type(error).__name__}: {error}"
    print(json.dumps({"script": name, "status": status, "said": said.getvalue()}), flush=True)
"""


def statuses_of(scripts: Sequence[Path], variables: Mapping[str, str]) -> dict[str, object]:
    """Each script's name to its exit status, 1 while it diverges, or to the error that ended it.

    A script that ends the process is left out, and so are those after it.
    """
    command = [sys.executable, "-W", "ignore", "-c", _ALL_IN_ONE, *map(str, scripts)]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"script"')]
    return {Path(line["script"]).name: line["status"] for line in lines}
