"""ncnn: a network of one layer, RNN, LSTM or GRU, from its two files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ncnn
import numpy as np

PREAMBLE = "import tempfile\nfrom pathlib import Path\nimport ncnn\nimport numpy as np"


def load_network(layer, parameters, weights, inputs, outputs):
    """The network, in float32 on one thread, with blobs of these names."""
    network = ncnn.Net()
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
        setattr(network.opt, f"use_{option}", False)
    network.opt.num_threads = 1
    settings = " ".join(f"{k}={value}" for k, value in parameters.items())
    lines = ["7767517", f"{len(inputs) + 1} {len(inputs) + len(outputs)}", *(f"Input {n} 0 1 {n}" for n in inputs)]
    names = " ".join([*inputs, *outputs])
    lines.append(f"{layer} layer {len(inputs)} {len(outputs)} {names} {settings}")
    with tempfile.TemporaryDirectory() as folder:
        structure, data = Path(folder, "net.param"), Path(folder, "net.bin")
        structure.write_text("\n".join(lines) + "\n")
        data.write_bytes(b"".join(bytes(4) + array.astype(np.float32).tobytes() for array in weights.values()))
        if network.load_param(str(structure)) or network.load_model(str(data)):
            raise ValueError("ncnn does not load the network")
    return network


def run_ncnn(
    layer,  # RNN, LSTM or GRU
    parameters,  # number to value, as in a .param file
    weights,  # by name, in their order in a .bin file
    x,
    states=None,  # (h,) or (h, c), each (directions, batch, size)
    blobs="all",  # "one": the layer has one input and one output
):
    """The layer on one row after the other, as ncnn has no batches: outputs, h_n and c_n."""
    kinds = ["h", "c"] if layer == "LSTM" else ["h"]
    inputs = ["x", *(kinds if states is not None else ())]
    outputs = ["outputs", *(f"{kind}_n" for kind in kinds if blobs == "all")]
    network = load_network(layer, parameters, weights, inputs, outputs)
    found = {name: [] for name in outputs}
    for row in range(len(x)):
        extractor = network.create_extractor()
        given = [np.ascontiguousarray(one) for one in (x[row], *(state[:, row] for state in states or ()))]
        for name, array in zip(inputs, given):  # ncnn.Mat keeps no array alive: `given` does
            extractor.input(name, ncnn.Mat(array).clone())
        for name in outputs:
            status, mat = extractor.extract(name)
            if status:
                raise ValueError(f"ncnn ends with {status}")
            found[name].append(np.array(mat))
    return {name: np.stack(rows, axis=0 if name == "outputs" else 1) for name, rows in found.items()}
