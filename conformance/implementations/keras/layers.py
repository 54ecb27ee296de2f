"""Keras: recurrent layers on the backend that ``KERAS_BACKEND`` names, in every way that they are built and called."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

os.environ["JAX_ENABLE_X64"] = "1"  # read when JAX is imported; without it float64 is silently float32
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"  # on a GPU products in float32 are else made in TF32
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"  # by cuBLAS and cuDNN too
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from refimpl.layouts import keras as layout
from refimpl.stack import named_cells

from ...contract import Case, NotRun, Observed, Quantities
from ..interfaces import Interface
from ..program import Program, ProgramImplementation, Weights
from ..pytorch.build import disable_reduced_precision, refuse_unwanted_cuda_build
from . import options
from .backend_calls import BackendCalls
from .build_arguments import build_arguments
from .interface import keras_interface
from .programs import layers as code
from .stateful import StatefulLayers, stateful

_BACKEND = keras.backend.backend()
_ABSENT = options.absent_in(keras.__version__)
_KEPT_MODELS = 256  # the oldest goes first; what JAX compiled for all of them alike stays
_CALLS_BETWEEN_CHECKS = 32  # of whether the backend has compiled as much as the system allows
_NAMES = ("kernel", "recurrent_kernel", "bias")
_PROFILES = {"torch": "..pytorch.torch_profile", "jax": ".jax_profile"}
_PREAMBLE = f"""\
import os
import tempfile
os.environ["KERAS_BACKEND"] = {_BACKEND!r}
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
import keras
{code.backend.PREAMBLE}"""
_run: Any = code.run_built
_make_layer: Any = code.make_layer
_as_list: Any = code.as_list
_as_array: Any = code.as_array
_on_the_cpu: Any = getattr(code.backend, "on_the_cpu", lambda: keras.device("cpu:0"))
_FUNCTIONS = (
    code.vector_jacobian_product,
    code.make_layer,
    code.impose_dropout,
    code.as_list,
    code.flat,
    code.picked,
    code.as_array,
    code.call_layers,
    code.results_of,
    code.connect,
    code.variables_of,
    code.assemble,
    code.build_layers,
    code.fed,
    code.run_built,
    code.run_layers,
)


class KerasLayers(ProgramImplementation):
    """``keras.layers.SimpleRNN``, ``LSTM``, ``GRU``, ``RNN`` and ``Bidirectional``, one or several on each other."""

    name = f"keras-{_BACKEND}"
    major = 3
    versions: Mapping[str, str] = {"keras": keras.__version__, **code.backend.VERSION}
    devices: Sequence[str] = ("cpu", "cuda")
    code: Any = code
    fused: Sequence[tuple[Any, str]] = ()
    arithmetic: Mapping[str, str] = getattr(code.backend, "arithmetic", dict)()
    program = Program(_PREAMBLE, _FUNCTIONS)
    dtypes: Sequence[str] = ("float64", "float32", "float16", "bfloat16")
    cells: Sequence[Mapping[str, Any]] = options.cells(_BACKEND, _ABSENT)
    every_release: Sequence[Mapping[str, Any]] = options.cells(_BACKEND)
    refused: Sequence[Mapping[str, Any]] = options.refused(_BACKEND, _ABSENT)
    expensive = _BACKEND in ("jax", "openvino")  # JAX compiles anew for every shape, OpenVINO every graph
    compiled_anew: Mapping[str, Sequence[str]] = {"form": ("xla",)}
    sizes = {"batch": 3, "time": 4, "input": 2, "hidden": 5} if _BACKEND == "jax" else None
    longest_sequence = 50 if _BACKEND == "openvino" else None  # each step is compiled
    threads = False  # a model is kept for all cases of its options, and each case assigns its weights

    def __init__(self, device: str = "cpu") -> None:
        if not keras.__version__.startswith(f"{self.major}."):
            raise NotRun(
                f"Keras {keras.__version__} is installed, not Keras {self.major}",
                f"pip install 'rnn-conformance[{self.name}]'",
            )
        if _BACKEND == "torch":
            refuse_unwanted_cuda_build(code.backend.torch)
        sees_gpu = code.backend.sees_cuda()
        if device == "cuda":
            if not sees_gpu:
                raise NotRun(f"no CUDA device that {_BACKEND} sees")
            self.refused = options.refused(_BACKEND, _ABSENT, device)
            self.versions = {**self.versions, **code.backend.cuda_versions()}
            if _BACKEND == "torch":
                lines = disable_reduced_precision(code.backend.torch)
                self.program = replace(self.program, preamble=self.program.preamble + lines)
        self.device = device
        self._keep_off_gpu = sees_gpu and device == "cpu"  # Keras takes a GPU that it sees
        self._built: dict[str, tuple[Any, str]] = {}
        self._calls = 0
        self._kernels_seen: dict[Any, str] = {}

    def observe(self, case: Case) -> Observed:
        with _on_the_cpu() if self._keep_off_gpu else nullcontext():
            native, path = self._run(**self.arguments(case))
        return self._observed(case, native, path)

    def _observed(self, case: Case, native: Quantities, path: str = "") -> Observed:
        values = self.from_native(case, native)
        if case.call_options.get("policy") == "mixed":  # gradients of float32 weights are float32, summed up from less
            values = {n: v.astype(case.dtype) if n.startswith("d_params") else v for n, v in values.items()}
        return Observed(values, self.left_out(case), path)

    def _run(self, model: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """What `run_layers` gives; a model is built, and compiled, once for all cases that differ in numbers only."""
        key = repr(model)
        self._calls += 1
        if self._calls % _CALLS_BETWEEN_CHECKS == 0 and getattr(code.backend, "is_full", bool)():
            code.backend.forget()
        if key not in self._built:
            if len(self._built) >= _KEPT_MODELS:
                del self._built[next(iter(self._built))]
            with BackendCalls(self.fused) as calls:
                built = self.code.build_layers(**model)
                native = _run(built, **data)
            path = f"{_BACKEND}, {model['form']}: {calls.names}"
            self._built[key] = built, path + self._kernels(key, (path, model["dtype"]), lambda: _run(built, **data))
            return native, self._built[key][1]
        built, path = self._built[key]
        return _run(built, **data), path

    def _kernels(self, model: str, called: tuple[str, str], call: Callable[[], Any]) -> str:
        """The kernels that the call runs on CUDA, where Keras falls back in silence if cuDNN raises.

        JAX's profiler takes half a second, and JAX does not fall back beneath what Keras calls: it is asked for what
        is called, PyTorch's for every model.
        """
        if self.device == "cpu" or _BACKEND not in _PROFILES:
            return ""
        key = called if _BACKEND == "jax" else model
        if key not in self._kernels_seen:
            self._kernels_seen[key] = import_module(_PROFILES[_BACKEND], __package__).profiled(call, self.device)[1]
        return f"; {self._kernels_seen[key]}"

    def arguments(self, case: Case) -> dict[str, Any]:
        d_state = case.d_state
        if case.call_options.get("return_state") is False and any(d is not None for d in d_state or ()):
            case = case.replace(d_outputs=None, d_state=None)
        model, dropout = build_arguments(case)
        return {
            "model": model,
            "data": {
                "weights": self.dump(case.cell, case.params),
                "x": case.x,
                "mask": case.mask,
                "initial_state": case.initial_state,
                "state_names": case.state_names,
                "dropout": dropout,
                "d_outputs": case.d_outputs,
                "d_state": case.d_state,
            },
        }

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return dict(zip(_weight_names(cell), layout.dump(cell, params), strict=True))

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, [weights[name] for name in _weight_names(cell)])

    def missing(self, case: Case) -> dict[str, str]:
        found = {"gates": "keras layers return outputs and final states only"}
        if _BACKEND in options.INFERENCE:
            found["gradients"] = f"Keras on {_BACKEND} is for inference"
        if case.call_options.get("form") == "predict":
            found["gradients"] = "predict returns values only"
        if case.call_options.get("return_state") is False:
            found["state"] = "return_state is False"
            if any(d is not None for d in case.d_state or ()):
                found["gradients"] = "the state, whose cotangent is given, is not returned"
        return found

    def stateful(self, case: Case) -> StatefulLayers | None:
        """The case's layers with ``stateful=True``, to be called several times; None where there are none."""
        return stateful(case)

    def layer(self, case: Case) -> Callable[[Case], Observed] | None:
        """One layer, built once and called eagerly many times; None where it is for the sizes of this case alone."""
        model = self.arguments(case)["model"]
        embedded = model["source"] == "Embedding"  # whose table has a row for each step
        if model["form"] != "eager" or embedded or len(model["layers"]) > 1:
            return None
        built = self.code.build_layers(**model)

        def called(other: Case) -> Observed:
            with _on_the_cpu() if self._keep_off_gpu else nullcontext():
                return self._observed(other, _run(built, **self.arguments(other)["data"]))

        return called

    def drawing(self, case: Case, seed: int) -> Callable[[], Observed] | None:
        """One layer called eagerly, whose cells draw by generators of their own; None for what is built around it.

        None on OpenVINO, where the first two calls draw alike and the factors change within a sequence.
        """
        if _BACKEND == "openvino":
            return None
        model, _ = build_arguments(case)
        if model["form"] != "eager" or model["source"] != "argument" or model["reload"] or len(model["layers"]) > 1:
            return None
        (its,) = model["layers"]
        for _, cell_options in its["cells"]:
            for name, rate in _rates(case).items():
                if name in cell_options:
                    cell_options[name] = rate
        size = its.pop("input_size")
        keras.utils.set_random_seed(seed)
        layer = _make_layer(**its, dtype=model["dtype"])
        layer.build((*case.x.shape[:2], size))
        for variable, value in zip(layer.trainable_variables, self.dump(case.cell, case.params).values(), strict=True):
            variable.assign(value)
        names = ["outputs", *(f"state.{name}" for name in case.state_names)]

        def call() -> Observed:
            with _on_the_cpu() if self._keep_off_gpu else nullcontext():
                found = _as_list(layer(keras.ops.convert_to_tensor(case.x), training=True))
                return Observed({name: _as_array(value) for name, value in zip(names, found, strict=False)})

        return call

    def interface(self) -> Interface:
        """What a user builds against."""
        return keras_interface()


def _rates(case: Case) -> dict[str, float]:
    """The rates of dropout of which the case's factors are, by the names of Keras's arguments."""
    arguments = {"input": "dropout", "recurrent": "recurrent_dropout"}
    kept = {name.rpartition(".")[2]: float(factors.max()) for name, factors in (case.dropout or {}).items()}
    return {argument: 1 - 1 / kept[name] for name, argument in arguments.items() if kept.get(name)}


def _weight_names(cell: Any) -> list[str]:
    """The names of Keras's weights, in its order."""
    return [prefix + name for prefix, part in named_cells(cell) for name in _NAMES[: 3 if part.use_bias else 2]]
