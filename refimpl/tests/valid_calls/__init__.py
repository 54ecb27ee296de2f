"""A valid call of every public function, constructor and method, from which bad ones are made.

To add one: its name as `public_functions` has it, and a `Call` with all arguments by name. Sizes differ from each
other, and numbers are multiples of 1/8, so that a cast that loses something shows.
"""

from __future__ import annotations

from ..judged_calls import Call
from .of_cells import cells_calls, initial_calls
from .of_layers import layers_calls
from .of_layouts import layouts_calls
from .of_layouts_told import configured_calls, converting_calls, states_calls
from .of_runs import bounds_calls, runs_calls
from .of_training import losses_calls, steps_calls, training_calls


def valid_calls() -> dict[str, list[Call]]:
    """Function name to valid calls."""
    of_cells = cells_calls() | initial_calls() | layers_calls() | runs_calls() | bounds_calls()
    of_layouts = layouts_calls() | states_calls() | converting_calls() | configured_calls()
    return of_cells | of_layouts | losses_calls() | steps_calls() | training_calls()
