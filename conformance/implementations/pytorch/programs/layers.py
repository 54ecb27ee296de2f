"""PyTorch: the layers ``torch.nn.RNN``, ``LSTM`` and ``GRU``, forward and backward."""

from __future__ import annotations

import contextlib

import torch
from torch.autograd.profiler import record_function
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils._python_dispatch import TorchDispatchMode

PREAMBLE = """\
import contextlib
import torch
from torch.autograd.profiler import record_function
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils._python_dispatch import TorchDispatchMode"""


class GivenDropout(TorchDispatchMode):
    """Dropout with given factors, one array a layer: they take the place of what dropout draws."""

    def __init__(self, factors):
        super().__init__()
        self.factors = list(factors)

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        if function is torch.ops.aten.bernoulli_.float:  # of what it keeps, dropout makes 1 / (1 - rate) by itself
            drawn = arguments[0]
            return drawn.copy_(self.factors.pop(0).reshape(drawn.shape) != 0)
        if function is torch.ops.aten.native_dropout.default:  # all of dropout at once, on CUDA
            values, rate, _ = arguments
            kept = self.factors.pop(0).reshape(values.shape).to(values.device) != 0
            return values * kept * (1 / (1 - rate)), kept
        return function(*arguments, **(keywords or {}))


def tensor_of(array, dtype, device, strided):
    """The array as a tensor, ``strided`` as every other element of a larger one."""
    found = torch.tensor(array, dtype=dtype, device=device)
    return torch.stack([found, torch.full_like(found, torch.nan)], -1)[..., 0] if strided else found


def vector_jacobian_product(pairs, leaves):
    """The gradients of ``sum(cotangent * root)`` over the pairs, by the leaves' names; none without a cotangent."""
    pairs = [(root, d) for root, d in pairs if d is not None]
    if not pairs:
        return {}
    roots, cotangents = zip(*pairs)
    gradients = torch.autograd.grad(roots, list(leaves.values()), cotangents, allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, gradients))


def as_array(tensor):
    """The tensor as an array; float32 holds every bfloat16."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def run_layer(
    module,  # RNN, LSTM or GRU
    options,  # of its constructor
    weights,
    x,
    hx=None,  # the initial state: (h,) or (h, c)
    d_outputs=None,  # cotangents
    d_hx=(None, None),
    lengths=None,  # then x is packed
    enforce_sorted=True,
    dropout=(),  # factors between the layers, each in the shape of what dropout gets
    training=True,
    autograd=True,
    input_grad=True,  # whether x asks for a gradient
    strided=False,
    device="cpu",
    made=lambda layer, given: layer,  # what is called with what is given
    layer=None,  # one that was made before
):
    """One layer, forward and backward: all that it computed, as NumPy arrays by name."""

    def tensor(array):
        return None if array is None else tensor_of(array, options["dtype"], device, strided)

    if layer is None:
        layer = getattr(torch.nn, module)(**options, device=device).train(training)
        for name, value in weights.items():
            getattr(layer, name).data = tensor(value)
    given, batch_first = [tensor(x)], options["batch_first"]
    leaves = {f"d_weights.{name}": getattr(layer, name) for name in weights} | ({"d_x": given[0]} if input_grad else {})
    leaves |= {f"d_{name}_0": tensor(part) for name, part in zip("hc", hx or ())}
    for leaf in leaves.values():
        leaf.requires_grad_()
    if lengths is not None:
        given[0] = pack_padded_sequence(given[0], torch.tensor(lengths), batch_first, enforce_sorted)
    if hx is not None:
        given.append((leaves["d_h_0"], leaves["d_c_0"]) if module == "LSTM" else leaves["d_h_0"])
    with torch.set_grad_enabled(autograd):
        call = made(layer, tuple(given))
        imposed = GivenDropout(map(torch.tensor, dropout)) if len(dropout) else contextlib.nullcontext()
        with imposed, record_function("the call"):
            outputs, final = call(*given)
    if lengths is not None:
        outputs, _ = pad_packed_sequence(outputs, batch_first, total_length=x.shape[1 if batch_first else 0])
    final = final if module == "LSTM" else (final,)
    found = {"outputs": outputs} | {f"{name}_n": part for name, part in zip("hc", final)}
    if autograd:
        found |= vector_jacobian_product([(outputs, tensor(d_outputs)), *zip(final, map(tensor, d_hx))], leaves)
    return {name: as_array(value) for name, value in found.items()}
