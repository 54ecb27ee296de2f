"""Writes a disagreement as a script that reproduces it with NumPy and the framework, and nothing of this project.

The script holds the source of the functions that the suite ran (`implementations.program`), the case's arrays as
literals in the framework's own layout, and the oracle's values with their bounds. It prints the worst element of each
quantity, and exits with status 1 if any lies outside its bound.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

import refimpl as ri

from ..contract import Case, Implementation
from ..implementations.program import ProgramImplementation
from .expected import Expected

_RUN_OPTIONS = ("mask", "lengths", "reverse", "masked_output", "output_order", "return_sequences", "dropout")
_COMPARISON = """
got = {entry}(**arguments)
differs = False
for name in sorted(set(expected) & set(got)):
    if got[name].shape != expected[name].shape:
        differs = True
        print(f"{{name}}: expected shape {{expected[name].shape}}, got {{got[name].shape}}, DIFFERS")
        continue
    error = np.abs(np.asarray(got[name], np.float64) - expected[name])
    error = np.where(np.isfinite(bound[name]), error, 0)  # an infinite bound says nothing
    ratio = np.where(error == 0, 0, error / np.maximum(bound[name], 5e-324))
    worst = np.unravel_index(np.argmax(np.nan_to_num(ratio, nan=np.inf)), ratio.shape)
    agrees = bool(ratio[worst] <= 1)
    differs |= not agrees
    print(
        f"{{name}}{{[int(k) for k in worst]}}: expected {{float(expected[name][worst])!r}}, "
        f"got {{float(got[name][worst])!r}}, "
        f"error/bound {{ratio[worst]:.3g}}, {{'ok' if agrees else 'DIFFERS'}}"
    )
raise SystemExit(1 if differs else 0)
"""
_CELLS = """
try:
    import refimpl  # a plug-in that uses it, for its layouts say, is given its cells
except ImportError:
    refimpl = None


def named(value):
    if isinstance(value, tuple):
        return tuple(map(named, value))
    if isinstance(value, dict):
        fields = {key: named(each) for key, each in value.items() if key != "is"}
        return getattr(refimpl, value["is"], SimpleNamespace)(**fields)
    return value

"""


def reproducing_script(implementation: Implementation, case: Case, expected: Expected) -> str:
    """The script: with the source of a program, or else with how to import the implementation and call it."""
    versions = ", ".join(f"{name} {version}" for name, version in implementation.versions.items())
    head = f'"""{case!r}\n\nSeen with {versions}, NumPy {np.__version__}.\n"""\n'
    if isinstance(implementation, ProgramImplementation):
        return head + _of_program(implementation, case, expected)
    return head + _of_plug_in(implementation, case, expected)


def _of_program(implementation: ProgramImplementation, case: Case, expected: Expected) -> str:
    program = implementation.program
    sources = "\n\n".join(inspect.getsource(function) for function in program.functions)
    arguments = implementation.arguments(case)
    return "\n".join(
        [
            f"{program.preamble}\nimport numpy as np\n\n",
            sources,
            f"\narguments = {_literal(arguments)}",
            f"expected = {_literal(implementation.to_native(case, expected.values))}",
            f"bound = {_literal(implementation.to_native(case, expected.limits))}",
            _COMPARISON.format(entry=program.functions[-1].__name__),
        ]
    )


def _of_plug_in(implementation: Implementation, case: Case, expected: Expected) -> str:
    plug_in = type(implementation)
    folder = Path(inspect.getsourcefile(plug_in) or "").parents[plug_in.__module__.count(".")]
    arguments: dict[str, Any] = {
        "kind": case.kind,
        "cell": _fields(case.cell),
        "state_names": case.state_names,
        "state_sizes": case.cell.state_sizes,
        "params": dict(case.params),
        "x": case.x,
        "initial_state": case.initial_state,
        "d_outputs": case.d_outputs,
        "d_state": case.d_state,
        "wants_gradients": case.wants_gradients,
        "dtype_name": case.dtype_name,
        "outputs_shape": case.outputs_shape,
        "size": case.size,
        "options": dict(case.options),
        "call_options": dict(case.call_options),
        **{name: getattr(case, name) for name in _RUN_OPTIONS},
    }
    return "\n".join(
        [
            "import importlib\nimport sys\nfrom types import SimpleNamespace\nimport numpy as np",
            f"sys.path.insert(0, {str(folder)!r})",
            f"sys.path.append({str(Path(ri.__file__).parents[1])!r})",
            f"plug_in = importlib.import_module({plug_in.__module__!r}).{plug_in.__qualname__}",
            _CELLS,
            "def run(cell, state_sizes, **arguments):",
            "    case = SimpleNamespace(cell=named(cell), dtype=arguments['x'].dtype, **arguments)",
            "    zeros = tuple(np.zeros((len(case.x), size), case.dtype) for size in state_sizes)",
            "    case.initial_state_or_zeros = lambda: case.initial_state or zeros",
            "    answer = plug_in().observe(case)",
            "    return getattr(answer, 'values', answer) if not isinstance(answer, dict) else answer\n\n",
            f"arguments = {_literal(arguments)}",
            f"expected = {_literal(expected.values)}",
            f"bound = {_literal(expected.limits)}",
            _COMPARISON.format(entry="run"),
        ]
    )


def _fields(cell: Any) -> dict[str, Any] | None:
    """A cell's class and fields, or those of a stack's layers; None where a layer has no cell in a direction."""
    if isinstance(cell, ri.Stack):
        pairs = [(layer.forward, layer.backward, layer.merge) for layer in cell.layers]
        layers = tuple({"is": "Layer", "forward": _fields(f), "backward": _fields(b), "merge": m} for f, b, m in pairs)
        return {"is": "Stack", "layers": layers}
    return None if cell is None else {"is": type(cell).__name__, **vars(cell)}


def _literal(value: Any) -> str:
    """Python source of nested mappings, tuples and arrays; each number in shortest round-trip decimal."""
    if isinstance(value, np.ndarray):
        numbers = repr(value.tolist()).replace("inf", "np.inf").replace("nan", "np.nan")
        shape = f".reshape{value.shape}" if 0 in value.shape else ""
        if value.dtype.name == "bfloat16":  # NumPy has none of its own; float32 holds every number of it
            return f"np.array({numbers}, np.float32){shape}"
        name = "bool_" if value.dtype == bool else value.dtype  # np.bool came with NumPy 2
        return f"np.array({numbers}, np.{name}){shape}"
    if isinstance(value, Mapping):
        inner = "".join(f"    {key!r}: {_indented(_literal(each))},\n" for key, each in value.items())
        return f"{{\n{inner}}}"
    if isinstance(value, tuple | list):
        return "(" + "".join(f"{_literal(each)}, " for each in value) + ")"
    if isinstance(value, FunctionType):  # one of the program's own
        return value.__name__
    return repr(value)


def _indented(source: str) -> str:
    return source.replace("\n", "\n    ")
