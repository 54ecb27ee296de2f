"""One step of each cell, as a textbook has it, in pieces that a mutant can replace one by one.

``a`` is what a gate's activation is applied to, ``x W + b + h U + β``, one block a gate. All arrays of a step are
``(batch, features)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...contract import Case
from .activations import FUNCTIONS, SLOPES, ramp
from .autodiff import Array, Var, blocks, concatenate

State = tuple[Var, ...]


@dataclass(frozen=True)
class LayerDirection:
    """One direction of one layer.

    case      the case that is computed
    cell      the cell: its options are read here
    layer     the layer's number, from 0
    last      whether it is the last layer
    reverse   whether the last step is processed first
    params    the parameters by their names in the cell
    dropout   the factors by name, ``input`` and ``recurrent``: ``(batch, size)``, or one such a gate
    """

    case: Case
    cell: Any
    layer: int
    last: bool
    reverse: bool
    params: Mapping[str, Var]
    dropout: Mapping[str, Array]

    @property
    def kind(self) -> str:
        return self.case.kind


class CellEquations:
    """The equations; ``t`` counts the steps as they are processed."""

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        match at.kind:
            case "LSTM":
                return self.lstm(at, t, x, state)
            case "GRU":
                return self.gru(at, t, x, state)
            case _:
                return self.simple_rnn(at, t, x, state)

    def simple_rnn(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        """``h' = φ(x W + b + h U + β)``"""
        (h,) = state
        return (self.activate(at, "activation", self.from_input(at, t, x) + self.from_state(at, t, h)),)

    def lstm(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        """``c' = f c + i g``, ``h' = o ψ(c')``"""
        h, c = state
        a_i, a_f, a_g, a_o = self.arguments(at, t, x, h)
        if at.cell.peepholes:
            p_i, p_f, p_o = self.peepholes(at)
            a_i, a_f = a_i + p_i * c, a_f + p_f * c
        i, g = self.activate(at, "recurrent_activation", a_i), self.activate(at, "activation", a_g)
        after = self.cell_state(self.forget_gate(at, i, a_f), c, i, g)
        o = self.output_gate(at, a_o, p_o * self.peephole_cell(c, after) if at.cell.peepholes else None)
        return self.projected(at, t, self.hidden_state(o, after, self.activated_cell(at, after))), after

    def gru(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        """``h' = z h + (1 - z) n``, n with the reset gate after the recurrent product or before it."""
        (h,) = state
        x_z, x_r, x_n = self.split(at, self.from_input(at, t, x), 3)
        z = self.activate(at, "recurrent_activation", x_z + self.recurrent(at, t, h, 0))
        r = self.activate(at, "recurrent_activation", x_r + self.recurrent(at, t, h, 1))
        n = self.activate(at, "activation", self.candidate(at, t, x_n, h, r))
        return (self.interpolated(at, z, h, n),)

    # Products ---------------------------------------------------------------------------------------------------------

    def arguments(self, at: LayerDirection, t: int, x: Var, h: Var) -> list[Var]:
        """The LSTM's arguments, i f g o."""
        return self.split(at, self.from_input(at, t, x) + self.from_state(at, t, h), 4)

    def split(self, at: LayerDirection, a: Var, gates: int) -> list[Var]:
        """The arguments of each gate."""
        its = blocks(a, gates)
        return [its[self.block(at, gate)] for gate in range(gates)]

    def block(self, at: LayerDirection, gate: int) -> int:
        """Where a gate stands in the weights."""
        return gate

    def from_input(self, at: LayerDirection, t: int, x: Var) -> Var:
        """``x W + b``"""
        product = self.product(at, x, self.kernel(at, t), self.factors(at, t, "input"))
        bias = self.bias(at, t)
        return product if bias is None else product + bias

    def from_state(self, at: LayerDirection, t: int, h: Var) -> Var:
        """``h U + β``"""
        product = self.product(at, h, self.recurrent_kernel(at, t), self.factors(at, t, "recurrent"))
        bias = self.recurrent_bias(at, t)
        return product if bias is None else product + bias

    def recurrent(self, at: LayerDirection, t: int, h: Var, gate: int) -> Var:
        """``h U + β`` of one of the GRU's gates."""
        its, factors, bias = self.block(at, gate), self.factors(at, t, "recurrent"), self.recurrent_bias(at, t)
        factors = factors if factors is None or factors.ndim == 2 else factors[its]
        product = self.product(at, h, blocks(self.recurrent_kernel(at, t), 3)[its], factors)
        return product if bias is None else product + blocks(bias, 3)[its]

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        """``(v ⊙ factors) W``, with factors of its own for each gate where they have an axis for it."""
        if factors is None:
            return v @ kernel
        if factors.ndim == 2:
            return self.dropped(v, factors) @ kernel
        parts = zip(factors, blocks(kernel, len(factors)), strict=True)
        return concatenate([self.dropped(v, factor) @ block for factor, block in parts])

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        """The factors of dropout, ``input`` or ``recurrent``: the same at every step."""
        return at.dropout.get(name)

    def dropped(self, v: Var, factors: Array) -> Var:
        return v * factors

    def kernel(self, at: LayerDirection, t: int) -> Var:
        return at.params["kernel"]

    def recurrent_kernel(self, at: LayerDirection, t: int) -> Var:
        return at.params["recurrent_kernel"]

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        return at.params.get("bias")

    def recurrent_bias(self, at: LayerDirection, t: int) -> Var | None:
        return at.params.get("recurrent_bias")

    # The LSTM's pieces ------------------------------------------------------------------------------------------------

    def cell_state(self, f: Var, c: Var, i: Var, g: Var) -> Var:
        return f * c + i * g

    def peepholes(self, at: LayerDirection) -> list[Var]:
        return blocks(at.params["peepholes"], 3)

    def peephole_cell(self, before: Var, after: Var) -> Var:
        """The cell state that the output gate sees."""
        return after

    def forget_gate(self, at: LayerDirection, i: Var, a_f: Var) -> Var:
        if at.cell.input_forget:
            return 1 - i
        return self.activate(at, "recurrent_activation", a_f + at.cell.forget_bias if at.cell.forget_bias else a_f)

    def output_gate(self, at: LayerDirection, a_o: Var, peeped: Var | None) -> Var:
        return self.activate(at, "recurrent_activation", a_o if peeped is None else a_o + peeped)

    def hidden_state(self, o: Var, c: Var, shown: Var) -> Var:
        """``o ψ(c)``"""
        return o * shown

    def activated_cell(self, at: LayerDirection, c: Var) -> Var:
        """``ψ(c)``"""
        return self.activate(at, "output_activation", c)

    def projected(self, at: LayerDirection, t: int, h: Var) -> Var:
        return h @ at.params["projection_kernel"] if at.cell.proj_size else h

    # The GRU's pieces -------------------------------------------------------------------------------------------------

    def candidate(self, at: LayerDirection, t: int, x_n: Var, h: Var, r: Var) -> Var:
        """The candidate's argument."""
        return x_n + (self.reset_after(at, t, h, r) if at.cell.reset_after else self.reset_before(at, t, h, r))

    def reset_after(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        """``r (h U_n + β_n)``"""
        return r * self.recurrent(at, t, h, 2)

    def reset_before(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        """``(r h) U_n + β_n``"""
        return self.recurrent(at, t, r * h, 2)

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        return z * h + (1 - z) * n

    # Activations ------------------------------------------------------------------------------------------------------

    def activate(self, at: LayerDirection, role: str, a: Var) -> Var:
        """The cell's activation in that role; the output's is the candidate's unless it has one of its own."""
        a = self.clipped(at, role, a)
        name = str(getattr(at.cell, role) or at.cell.activation)
        value = self.activation_value(name, a.value)
        return a.apply(value, self.activation_slope(name, value, a.value))

    def clipped(self, at: LayerDirection, role: str, a: Var) -> Var:
        limit = at.cell.clip
        if limit is None:
            return a
        return a.apply(np.clip(a.value, -limit, limit), ramp(-limit, limit)(a.value))

    def activation_value(self, name: str, a: Array) -> Array:
        return FUNCTIONS[name](a)

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        """The derivative, from the value alone."""
        return SLOPES[name](y)
