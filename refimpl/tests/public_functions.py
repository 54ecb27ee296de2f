"""Every public function, constructor and method of the oracle, found by looking through its modules.

A name is public if neither it nor anything around it begins with an underscore. What is called with checked arguments
only is `INSIDE`: a whole module, a class with its methods, or a function, each with the reason.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from .. import __name__ as root

ARITHMETIC = "arithmetic on arrays that a public function has checked"
RESULT = "what a public function returns; nobody has to make one"

INSIDE: dict[str, str] = {
    "activations.activation": ARITHMETIC,
    "activations.exponentials": ARITHMETIC,
    "activations.products": ARITHMETIC,
    "activations.straight": ARITHMETIC,
    "activations.Parameter": "what the table of activations is written in",
    "checks": "the checks themselves: every other call here goes through them",
    "elementary": ARITHMETIC,
    "errors": "the refusal itself",
    "layouts.converting.folded": "what `convert` does with the biases after its checks",
    "layouts.gates": ARITHMETIC,
    "layouts.rows_first": "what `layouts.equinox` and `layouts.mlx` call, which are tried",
    "layouts.single_bias": "what the layouts with one bias a gate call, which are tried",
    "layouts.states.checked": "a check: every layout's `load_state` and `dump_state` go through it",
    "layouts.suffixes": "what `layouts.pytorch` and `layouts.paddle` call, which are tried",
    "layouts.table.Row": "what the table of layouts is written in",
    "linear": ARITHMETIC,
    "rounded": ARITHMETIC,
    "rounded_sums": ARITHMETIC,
    "given": "what `compare` checks with",
    "leaning": ARITHMETIC,
    "looks": "what `compare` does after its checks",
    "noise": ARITHMETIC,
    "pooling": ARITHMETIC,
    "propagation": ARITHMETIC,
    "sampled": ARITHMETIC,
    "sampled_activations": ARITHMETIC,
    "sampled_sequence": ARITHMETIC,
    "sampled_sums": ARITHMETIC,
    "sampled_values": ARITHMETIC,
    "tails": ARITHMETIC,
    "tracing": ARITHMETIC,
    "wrapping": ARITHMETIC,
    "sampling.Moments": RESULT,
    "sampling.Spread": RESULT,
    "sampling.moments": "what `spread` and `compare` do",
    "sampling.sampled_parts": "what they evaluate, after the checks",
    "sampling.named": "how `spread` and `compare` name quantities",
    "comparing.Comparison": RESULT,
    "comparing.Verdict": RESULT,
    "comparing.assert_agrees": "`compare`, whose verdict it raises",
    "symbols": ARITHMETIC,
    "trace": ARITHMETIC,
    "sequence": "what `forward` and `backward` do after their checks, and what they return",
    "stack.unroll": "what `forward` does after its checks",
    "stack.unroll_adjoint": "what `backward` does after its checks",
    "stack.StackRun": RESULT,
    "running.unroll": "`forward` after its checks",
    "running.unroll_adjoint": "`backward` after its checks",
    "running.checked_run": "a check",
    "running.checked_cotangents": "a check",
    "rounding.RunBound": RESULT,
    "parameters": "what cells are made of",
    **{
        f"{module}.{cell}.{method}": "what `sequence` asks of a cell, with checked arguments"
        for module, cell in (("simple_rnn", "SimpleRNN"), ("lstm", "LSTM"), ("gru", "GRU"))
        for method in ("step", "slopes", "adjoint", "gradients")
    },
    "model.Passed": RESULT,
    "model.ModelGradients": RESULT,
    "training.Step": RESULT,
    "training.Progress": RESULT,
}


def modules() -> Iterator[ModuleType]:
    """The oracle's modules, without its tests."""
    package = importlib.import_module(root)
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{root}."):
        if not found.name.startswith(f"{root}.tests") and not _hidden(found.name.removeprefix(root)):
            yield importlib.import_module(found.name)


def public_functions(searched: Iterator[ModuleType] | None = None) -> dict[str, Callable[..., Any]]:
    """Each by its name below the oracle: ``training.fit``, ``head.Dense``, ``head.Dense.forward``.

    A method is a function of the object and its arguments, as in ``Dense.forward(layer, params, x)``.
    """
    found: dict[str, Callable[..., Any]] = {}
    for module in modules() if searched is None else searched:
        where = module.__name__.removeprefix(root).lstrip(".")
        for name, value in vars(module).items():
            its_own = getattr(value, "__module__", None) == module.__name__
            if _hidden(name) or not its_own or not (inspect.isfunction(value) or inspect.isclass(value)):
                continue
            path = f"{where}.{name}".lstrip(".")
            if inspect.isfunction(value) or not getattr(value, "_is_protocol", False):
                found[path] = value
            if inspect.isclass(value) and not getattr(value, "_is_protocol", False):
                found |= {f"{path}.{method}": function for method, function in _methods(value)}
    return {path: function for path, function in found.items() if inside(path) is None}


def inside(path: str) -> str | None:
    """The entry of `INSIDE` that the function belongs to, if any."""
    parts = path.split(".")
    return next((head for k in range(len(parts), 0, -1) if (head := ".".join(parts[:k])) in INSIDE), None)


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(kind):
        value = inspect.getattr_static(kind, name)
        function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        ours = (getattr(function, "__module__", None) or "").startswith(root)
        if inspect.isfunction(function) and ours and (name == "__call__" or not _hidden(name)):
            yield name, getattr(kind, name)


def _hidden(path: str) -> bool:
    return any(part.startswith("_") for part in path.split("."))
