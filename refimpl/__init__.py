"""A test oracle for recurrent layers: SimpleRNN, LSTM and GRU with their gradients, in NumPy alone.

Start at a cell's file (`simple_rnn`, `lstm`, `gru`): its docstring has the equations and their adjoint.
`sequence` unrolls a cell over time, `stack` builds layers of it, `running` runs them; `checks` refuses what does not
fit; `rounding` bounds what rounding may change, on the arrays of `rounded`, and says how far it usually goes, on those
of `sampled`; `comparing` gives the verdict on arrays of one's own; `layouts` converts weights. Whole models:
`preprocessing`, `head`, `recurrent`, `model`, `initializers`, `losses`, `accuracies`, `clipping`, `optimizers`,
`training`, `snapshot`.
"""

from . import head, initializers, layouts, losses, optimizers, preprocessing, rounding, training
from .comparing import Comparison, Verdict, assert_agrees, compare
from .errors import InvalidArgument
from .gru import GRU
from .head import Dense, Embedding
from .lstm import LSTM
from .model import Model
from .parameters import Cell, Gates
from .recurrent import Recurrent
from .running import AnyRun, backward, forward
from .sequence import Gradients, Run
from .simple_rnn import SimpleRNN
from .stack import Layer, Stack, StackRun

__all__ = [
    "GRU",
    "LSTM",
    "AnyRun",
    "Cell",
    "Comparison",
    "Dense",
    "Embedding",
    "Gates",
    "Gradients",
    "InvalidArgument",
    "Layer",
    "Model",
    "Recurrent",
    "Run",
    "SimpleRNN",
    "Stack",
    "StackRun",
    "Verdict",
    "assert_agrees",
    "backward",
    "compare",
    "forward",
    "head",
    "initializers",
    "layouts",
    "losses",
    "optimizers",
    "preprocessing",
    "rounding",
    "training",
]
