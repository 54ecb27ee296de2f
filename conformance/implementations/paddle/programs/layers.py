"""PaddlePaddle: ``paddle.nn.SimpleRNN``, ``LSTM`` and ``GRU``, and ``RNN`` and ``BiRNN`` of cells, both ways."""

from __future__ import annotations

import numpy as np
import paddle

PREAMBLE = "import numpy as np\nimport paddle"


def cells_of(module, options, cell=None):
    """What is called, and its cells by the ends of their tensors' names; ``cell`` is the class of those to wrap."""
    if cell is None:
        called = getattr(paddle.nn, module)(**options)
        wrappers = list(called)
    else:
        made = [getattr(paddle.nn, cell)(**each) for each in options.pop("cells")]
        called = getattr(paddle.nn, module)(*made, **options)
        wrappers = [called]
    found = {}
    for k, wrapper in enumerate(wrappers):
        both = isinstance(wrapper, paddle.nn.BiRNN)
        ends = {"cell_fw": f"_l{k}", "cell_bw": f"_l{k}_reverse"} if both else {"cell": f"_l{k}"}
        found |= {end: getattr(wrapper, name) for name, end in ends.items()}
    return called, found


def run_paddle(
    module,  # SimpleRNN, LSTM, GRU; or RNN, BiRNN, of cells
    options,  # of its constructor, and those of the cells
    dtype,
    weights,
    x,
    initial_state=None,  # (h,) or (h, c), each of all layers and directions
    d_outputs=None,  # cotangents
    d_state=(),
    lengths=None,
    cell=None,  # the cells' class
    training=True,
    autograd=True,
    zero_padding=False,  # outputs behind a row's length are what they are: zeroed here
):
    """One layer, forward and backward: all that it computed, as NumPy arrays by name."""
    paddle.set_device("cpu")
    paddle.set_default_dtype(dtype)
    time_axis = 0 if options.get("time_major") else 1
    layer, cells = cells_of(module, dict(options), cell)
    layer.train() if training else layer.eval()
    leaves = {}
    for name, value in weights.items():
        part, end = name.split("_l", 1)
        parameter = getattr(cells["_l" + end], part)
        parameter.set_value(value)
        leaves[f"weights.{name}"] = parameter
    leaves["x"] = paddle.to_tensor(x, stop_gradient=False)
    for name, part in zip("hc", initial_state or ()):
        leaves[f"{name}_0"] = paddle.to_tensor(part, stop_gradient=False)
    states = [leaves[name] for name in ("h_0", "c_0") if name in leaves]
    if states and cell is not None:  # one direction's state after the other
        states = [[part[k] for part in states] for k in range(len(cells))]
        states = [one if len(one) > 1 else one[0] for one in states]
        states = states if len(cells) > 1 else states[0]
    elif len(states) == 1:
        states = states[0]
    rows = None if lengths is None else paddle.to_tensor(lengths)
    with paddle.set_grad_enabled(autograd):
        outputs, final = layer(leaves["x"], states if initial_state is not None else None, rows)
        if cell is not None:
            each = final if len(cells) > 1 else [final]
            final = [one if isinstance(one, tuple | list) else [one] for one in each]
            final = [paddle.stack(list(parts)) for parts in zip(*final)]
        final = final if isinstance(final, tuple | list) else [final]
        if zero_padding:
            counted = np.arange(x.shape[time_axis]) < np.asarray(lengths)[:, None]
            kept = paddle.to_tensor((counted if time_axis else counted.T)[..., None])
            outputs = paddle.where(kept, outputs, paddle.zeros_like(outputs))
    found = {"outputs": outputs} | {f"{name}_n": part for name, part in zip("hc", final)}
    pairs = [(part, d) for part, d in zip([outputs, *final], [d_outputs, *d_state]) if d is not None]
    if autograd and pairs:
        roots, cotangents = zip(*pairs)
        given = [paddle.to_tensor(d) for d in cotangents]
        gradients = paddle.grad(list(roots), list(leaves.values()), given, allow_unused=True)
        found |= {
            f"d_{name}": paddle.zeros_like(leaf) if one is None else one
            for (name, leaf), one in zip(leaves.items(), gradients)
        }
    return {name: np.array(value.numpy()) for name, value in found.items()}
