"""A test oracle for recurrent layers: SimpleRNN, LSTM and GRU with their gradients, in NumPy alone.

Start at a cell's file (`simple_rnn`, `lstm`, `gru`): its docstring has the equations and their adjoint.
`sequence` unrolls a cell over time; `rounding` bounds what rounding may change; `layouts` converts weights.
"""

from . import layouts, rounding
from .errors import InvalidArgument
from .gru import GRU
from .lstm import LSTM
from .parameters import Cell, Gates
from .sequence import Gradients, Run, backward, forward
from .simple_rnn import SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "Cell",
    "Gates",
    "Gradients",
    "InvalidArgument",
    "Run",
    "SimpleRNN",
    "backward",
    "forward",
    "layouts",
    "rounding",
]
