"""A stand-in for uv that downloads nothing: its environments run this interpreter, its index is a file.

The folder that ``FAKE_UV`` names holds ``index.json``, package to releases, and gets ``calls``, a line for each call.
A file ``slow`` there makes each installation take a while. What runs in an environment finds its name in
``FAKE_ENVIRONMENT``.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version


def main(arguments: Sequence[str]) -> int:
    """Does what uv would do, as far as it is asked here."""
    folder = Path(os.environ["FAKE_UV"])
    with (folder / "calls").open("a") as calls:
        calls.write(" ".join(arguments) + "\n")
    index = json.loads((folder / "index.json").read_text())
    match arguments[:2]:
        case ["venv", _]:
            made = Path(arguments[-1], "bin")
            made.mkdir(parents=True, exist_ok=True)
            (made / "python").write_text(
                f'#!/bin/sh\nFAKE_ENVIRONMENT={made.parent.name} exec {shlex.quote(sys.executable)} "$@"\n'
            )
            (made / "python").chmod(0o755)
        case ["pip", "install"]:
            words = iter(arguments[arguments.index("--python") + 2 :])
            named = [Requirement(word) for word in words if not (word.startswith("--") and next(words))]
            for requirement in named:
                if requirement.name in index and not list(requirement.specifier.filter(index[requirement.name])):
                    print(f"error: No solution found: there is no version of {requirement}", file=sys.stderr)
                    return 1
            if (folder / "slow").exists():
                time.sleep(60)
        case ["pip", "compile"]:
            requirement = Requirement(sys.stdin.read())
            found = list(requirement.specifier.filter(index.get(requirement.name, [])))
            if not found:
                print("error: No solution found when resolving dependencies", file=sys.stderr)
                return 1
            print(f"{requirement.name}=={max(found, key=Version)}")
        case ["pip", "freeze"]:
            print("numpy==2.0.0")
        case _:
            print(f"error: unrecognized: {arguments}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
