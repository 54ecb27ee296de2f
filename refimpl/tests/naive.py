"""The textbook equations once more, as a beginner would write them: one scalar at a time, loops and `math`.

Nothing here is shared with the oracle, and nothing is clever: that is the point. Sums are written out, blocks
are found by counting columns, and batch, time, unit and gate each have their loop.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

GATES = {"SimpleRNN": ("h",), "LSTM": ("i", "f", "g", "o"), "GRU": ("z", "r", "n")}


def activate(name: str, x: float) -> float:
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


def run(cell: Any, params: Any, x: Any, initial_state: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Outputs, final state and gates of an unmasked forward run."""
    batch, time, hidden = x.shape[0], x.shape[1], cell.hidden_size
    outputs = np.zeros((batch, time, hidden))
    state = [np.zeros((batch, hidden)) for _ in initial_state]
    gates: dict[str, Any] = {}
    for row in range(batch):
        current = [[float(part[row, unit]) for unit in range(hidden)] for part in initial_state]
        for t in range(time):
            current, found = STEPS[type(cell).__name__](cell, params, x[row, t], current)
            for unit in range(hidden):
                outputs[row, t, unit] = current[0][unit]
                for name, values in found.items():
                    gates.setdefault(name, np.zeros((batch, time, hidden)))
                    gates[name][row, t, unit] = values[unit]
        for k, part in enumerate(current):
            state[k][row] = part
    return outputs, tuple(state), gates


def from_input(cell: Any, params: Any, x: Any, gate: str, unit: int) -> float:
    """(x W + b) for one unit of one gate."""
    column = GATES[type(cell).__name__].index(gate) * cell.hidden_size + unit
    total = float(params["bias"][column]) if cell.use_bias else 0.0
    for feature in range(cell.input_size):
        total += float(x[feature]) * float(params["kernel"][feature, column])
    return total


def from_state(cell: Any, params: Any, h: Any, gate: str, unit: int) -> float:
    """(h U + β) for one unit of one gate."""
    column = GATES[type(cell).__name__].index(gate) * cell.hidden_size + unit
    total = float(params["recurrent_bias"][column]) if cell.use_recurrent_bias else 0.0
    for other in range(cell.hidden_size):
        total += h[other] * float(params["recurrent_kernel"][other, column])
    return total


def simple_rnn(cell: Any, params: Any, x: Any, state: Any) -> Any:
    (h,) = state
    after = []
    for unit in range(cell.hidden_size):
        a = from_input(cell, params, x, "h", unit) + from_state(cell, params, h, "h", unit)
        after.append(activate(cell.activation, a))
    return [after], {"h": after}


def lstm(cell: Any, params: Any, x: Any, state: Any) -> Any:
    h, c = state
    found: dict[str, list[float]] = {name: [] for name in "ifgoc"}
    after = []
    for unit in range(cell.hidden_size):
        gate = {}
        for name in "ifgo":
            a = from_input(cell, params, x, name, unit) + from_state(cell, params, h, name, unit)
            gate[name] = activate(cell.activation if name == "g" else cell.recurrent_activation, a)
        gate["c"] = gate["f"] * c[unit] + gate["i"] * gate["g"]
        after.append(gate["o"] * activate(cell.activation, gate["c"]))
        for name in "ifgoc":
            found[name].append(gate[name])
    return [after, found["c"]], found


def gru(cell: Any, params: Any, x: Any, state: Any) -> Any:
    (h,) = state
    found: dict[str, list[float]] = {name: [] for name in "zrnm"}
    for unit in range(cell.hidden_size):
        for name in "zr":
            a = from_input(cell, params, x, name, unit) + from_state(cell, params, h, name, unit)
            found[name].append(activate(cell.recurrent_activation, a))
    for unit in range(cell.hidden_size):
        if cell.reset_after:
            found["m"].append(from_state(cell, params, h, "n", unit))
        else:
            found["m"].append(found["r"][unit] * h[unit])
    for unit in range(cell.hidden_size):
        if cell.reset_after:
            recurrent = found["r"][unit] * found["m"][unit]
        else:
            recurrent = from_state(cell, params, found["m"], "n", unit)
        a = from_input(cell, params, x, "n", unit) + recurrent
        found["n"].append(activate(cell.activation, a))
    z, n = found["z"], found["n"]
    return [[z[u] * h[u] + (1 - z[u]) * n[u] for u in range(cell.hidden_size)]], found


STEPS = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}
