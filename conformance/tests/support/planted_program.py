"""A PyTorch program with a planted fault: what a framework's own code looks like when it is wrong."""

# Printed in scripts, as programs are: without types.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numpy as np

from conformance.implementations.program import Program
from conformance.implementations.pytorch.layers import TorchLayers
from conformance.implementations.pytorch.programs.layers import run_layer


def run_with_two_gates_exchanged(weights, **others):
    """The recurrent weights of the LSTM's input and forget gates are exchanged."""
    i, f, g, o = np.split(weights["weight_hh_l0"], 4)
    return run_layer(weights={**weights, "weight_hh_l0": np.concatenate([f, i, g, o])}, **others)


class GatesExchanged(TorchLayers):
    """``torch.nn.LSTM``, but for the fault."""

    program = Program(TorchLayers.program.preamble, (*TorchLayers.program.functions, run_with_two_gates_exchanged))
