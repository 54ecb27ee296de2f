"""The textbook equations once more, as a beginner would write them: one scalar at a time, loops and `math`.

Nothing here is shared with the oracle, and nothing is clever: that is the point. Sums are written out, blocks
are found by counting columns, and batch, time, unit and gate each have their loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

GATES = {"SimpleRNN": ("h",), "LSTM": ("i", "f", "g", "o"), "GRU": ("z", "r", "n")}
PEEPHOLES = ("i", "f", "o")

Factor = Callable[[str, str, int], float]
"""What dropout multiplies a number by: of "input" or "recurrent", for a gate, at a feature."""


def activate(cell: Any, name: str, x: float) -> float:
    if cell.clip is not None:
        x = max(-cell.clip, min(cell.clip, x))
    if name == "tanh":
        return math.tanh(x)
    if name == "sigmoid":
        return 1 / (1 + math.exp(-x))
    if name == "relu":
        return x if x > 0 else 0.0
    if name == "hard_sigmoid":
        return 0.0 if x <= -3 else 1.0 if x >= 3 else x / 6 + 1 / 2
    if name == "hard_sigmoid_keras2":
        return 0.0 if x <= -2.5 else 1.0 if x >= 2.5 else 0.2 * x + 0.5
    assert name == "linear", name
    return x


def run(cell: Any, params: Any, x: Any, initial_state: Any, dropout: Any = None) -> tuple[Any, Any, dict[str, Any]]:
    """Outputs, final state and gates of an unmasked forward run; the arguments of all activations as gate ``a``."""
    batch, time = x.shape[0], x.shape[1]
    steps: list[Any] = []
    state = [np.zeros(part.shape) for part in initial_state]
    for row in range(batch):
        current = [[float(number) for number in part[row]] for part in initial_state]
        factor = factors_of_row(cell, dropout or {}, row)
        for t in range(time):
            current, found = STEPS[type(cell).__name__](cell, params, x[row, t], current, factor)
            steps.append({"outputs": current[0], **found})
        for k, part in enumerate(current):
            state[k][row] = part
    whole = {name: np.array([step[name] for step in steps]).reshape(batch, time, -1) for name in steps[0]}
    return whole.pop("outputs"), tuple(state), whole


def factors_of_row(cell: Any, dropout: Any, row: int) -> Factor:
    def factor(name: str, gate: str, feature: int) -> float:
        if name not in dropout:
            return 1.0
        array = dropout[name]
        if array.ndim == 2:
            return float(array[row, feature])
        return float(array[GATES[type(cell).__name__].index(gate), row, feature])

    return factor


def from_input(cell: Any, params: Any, x: Any, gate: str, unit: int, factor: Factor) -> float:
    """(x W + b) for one unit of one gate."""
    column = GATES[type(cell).__name__].index(gate) * cell.hidden_size + unit
    total = float(params["bias"][column]) if cell.use_bias else 0.0
    for feature in range(cell.input_size):
        total += float(x[feature]) * factor("input", gate, feature) * float(params["kernel"][feature, column])
    return total


def from_state(cell: Any, params: Any, h: Any, gate: str, unit: int, factor: Factor | None) -> float:
    """(h U + β) for one unit of one gate."""
    column = GATES[type(cell).__name__].index(gate) * cell.hidden_size + unit
    total = float(params["recurrent_bias"][column]) if cell.use_recurrent_bias else 0.0
    for other in range(len(h)):
        met = h[other] if factor is None else h[other] * factor("recurrent", gate, other)
        total += met * float(params["recurrent_kernel"][other, column])
    return total


def simple_rnn(cell: Any, params: Any, x: Any, state: Any, factor: Factor) -> Any:
    (h,) = state
    arguments, after = [], []
    for unit in range(cell.hidden_size):
        a = from_input(cell, params, x, "h", unit, factor) + from_state(cell, params, h, "h", unit, factor)
        arguments.append(a)
        after.append(activate(cell, cell.activation, a))
    return [after], {"h": after, "a": arguments}


def lstm(cell: Any, params: Any, x: Any, state: Any, factor: Factor) -> Any:
    h, c = state
    found: dict[str, list[float]] = {name: [] for name in "ifgoc"}
    arguments: dict[str, list[float]] = {name: [] for name in "ifgo"}
    hidden = []
    for unit in range(cell.hidden_size):
        a = {}
        for name in "ifgo":
            a[name] = from_input(cell, params, x, name, unit, factor) + from_state(cell, params, h, name, unit, factor)
        peephole = {name: 0.0 for name in PEEPHOLES}
        if cell.peepholes:
            for k, name in enumerate(PEEPHOLES):
                peephole[name] = float(params["peepholes"][k * cell.hidden_size + unit])
        a["f"] += cell.forget_bias
        a["i"] += peephole["i"] * c[unit]
        a["f"] += peephole["f"] * c[unit]
        i = activate(cell, cell.recurrent_activation, a["i"])
        f = 1 - i if cell.input_forget else activate(cell, cell.recurrent_activation, a["f"])
        g = activate(cell, cell.activation, a["g"])
        c_after = f * c[unit] + i * g
        a["o"] += peephole["o"] * c_after
        o = activate(cell, cell.recurrent_activation, a["o"])
        hidden.append(o * activate(cell, cell.output_activation or cell.activation, c_after))
        for name, value in zip("ifgoc", (i, f, g, o, c_after), strict=True):
            found[name].append(value)
        for name in "ifgo":
            arguments[name].append(a[name])
    if cell.proj_size:
        projected = []
        for p in range(cell.proj_size):
            weights = params["projection_kernel"]
            projected.append(sum(hidden[unit] * float(weights[unit, p]) for unit in range(cell.hidden_size)))
        hidden = projected
    return [hidden, found["c"]], found | {"a": [number for name in "ifgo" for number in arguments[name]]}


def gru(cell: Any, params: Any, x: Any, state: Any, factor: Factor) -> Any:
    (h,) = state
    found: dict[str, list[float]] = {name: [] for name in "zrnma"}
    for name in "zr":
        for unit in range(cell.hidden_size):
            a = from_input(cell, params, x, name, unit, factor) + from_state(cell, params, h, name, unit, factor)
            found["a"].append(a)
            found[name].append(activate(cell, cell.recurrent_activation, a))
    for unit in range(cell.hidden_size):
        if cell.reset_after:
            found["m"].append(from_state(cell, params, h, "n", unit, factor))
        else:
            found["m"].append(found["r"][unit] * (h[unit] * factor("recurrent", "n", unit)))
    for unit in range(cell.hidden_size):
        if cell.reset_after:
            recurrent = found["r"][unit] * found["m"][unit]
        else:
            recurrent = from_state(cell, params, found["m"], "n", unit, None)
        a = from_input(cell, params, x, "n", unit, factor) + recurrent
        found["a"].append(a)
        found["n"].append(activate(cell, cell.activation, a))
    z, n = found["z"], found["n"]
    return [[z[u] * h[u] + (1 - z[u]) * n[u] for u in range(cell.hidden_size)]], found


STEPS = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}
