"""PyTorch's recurrent layers with the switches that decide which kernels run, and in which arithmetic."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from .layers import PREAMBLE as _LAYERS
from .layers import run_layer

PREAMBLE = f"""\
import os
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":16:8"  # without it cuBLAS is not deterministic
{_LAYERS}
import threading
from concurrent.futures import ThreadPoolExecutor"""


@contextlib.contextmanager
def switches(cudnn, tf32, deterministic):
    """PyTorch's switches for as long as it lasts: cuDNN, products in TF32, deterministic algorithms alone."""
    dnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    wanted = [(dnn, "enabled", cudnn), (dnn, "allow_tf32", tf32), (products, "allow_tf32", tf32)]
    before = [(where, name, getattr(where, name)) for where, name, _ in wanted]
    strictly = torch.are_deterministic_algorithms_enabled()
    try:
        torch.use_deterministic_algorithms(deterministic)
        for where, name, value in wanted:
            setattr(where, name, value)
        yield
    finally:
        torch.use_deterministic_algorithms(strictly)
        for where, name, value in before:
            setattr(where, name, value)


def farthest(answers):
    """Of several answers to one question the one that is farthest from the middle of them: if any is wrong, it is."""
    values = np.stack(answers).astype(np.float64)
    off = np.abs(values - np.sort(values, axis=0)[len(values) // 2])  # NaN comes last
    return answers[np.argmax(np.nan_to_num(off, nan=np.inf).reshape(len(answers), -1).max(axis=1, initial=0))]


def in_streams(run, count, device):
    """What ``run`` gives in so many threads at once, each with a stream of its own on CUDA: the `farthest` of them."""
    if count == 1:
        return run()
    together = threading.Barrier(count)

    def in_one(_):
        with torch.cuda.stream(torch.cuda.Stream()) if device == "cuda" else contextlib.nullcontext():
            together.wait()
            return run()

    with ThreadPoolExecutor(count) as threads:
        found = list(threads.map(in_one, range(count)))
    return {name: farthest([answers[name] for answers in found]) for name in found[0]}


def prepared(layer, flattened, autocast, device):
    """What is called: the layer, its weights in one piece of memory or not, under autocast to a dtype or not."""
    if flattened:
        layer.flatten_parameters()
    if autocast is None:
        return layer

    def call(*given):
        with torch.autocast(device, autocast):
            return layer(*given)

    return call


def run_switched_layer(
    cudnn=True,
    tf32=False,
    deterministic=False,
    flattened=True,
    autocast=None,  # a dtype, where options["dtype"] is float32
    streams=1,
    device="cpu",
    **arguments,
):
    """One layer with these switches, forward and backward: all that it computed, as NumPy arrays by name."""

    def run():
        return run_layer(
            **arguments, device=device, made=lambda layer, given: prepared(layer, flattened, autocast, device)
        )

    with switches(cudnn, tf32, deterministic):
        return in_streams(run, streams, device)
