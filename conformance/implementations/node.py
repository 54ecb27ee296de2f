"""Packages of npm, called in a Node that stays: one line of JSON a question, one an answer."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from typing import Any

import numpy as np

IMPORTS = (
    "import base64\nimport json\nimport subprocess\nimport threading\nfrom typing import Any\n"
    "NODES, ONE_AT_A_TIME = {}, threading.Lock()"
)
NODES: dict[str, Any] = {}
ONE_AT_A_TIME = threading.Lock()  # of several threads each gets its own answer


def as_json(array: np.ndarray) -> dict[str, Any]:
    """An array as JSON holds it."""
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": array.shape, "data": data}


def from_json(one: dict[str, Any]) -> np.ndarray:
    """The inverse of `as_json`."""
    return np.frombuffer(base64.b64decode(one["data"]), one["dtype"]).reshape(one["shape"])


def ask_node(server: str, package: str, question: dict[str, Any]) -> Any:
    """What the server, a program in JavaScript that is told the package, has found; `RuntimeError` for its error."""
    with ONE_AT_A_TIME:
        if package not in NODES:
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            NODES[package] = subprocess.Popen(["node", "-e", server, package], **pipes)
        NODES[package].stdin.write(json.dumps(question) + "\n")
        NODES[package].stdin.flush()
        line = NODES[package].stdout.readline()
        if not line:
            raise RuntimeError(f"Node ended with status {NODES.pop(package).wait()}")
    answer = json.loads(line)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["found"]


HELPERS = (as_json, from_json, ask_node)


def installed_version(package: str, expression: str) -> str:
    """The version of a package that Node finds, by an expression in JavaScript.

    `ModuleNotFoundError` where there is no package or no Node.
    """
    try:
        done = subprocess.run(["node", "-p", expression], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ModuleNotFoundError("No module named 'node'", name="node") from None
    if done.returncode:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    return done.stdout.strip()
