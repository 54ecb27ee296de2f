"""PaddlePaddle: with lengths and states the gradient of the backward weight_hh is another than row by row."""

import numpy as np
import paddle

paddle.set_device("cpu")
layer, x, states = paddle.nn.SimpleRNN(2, 3, direction="bidirect"), paddle.randn([2, 4, 2]), paddle.randn([2, 2, 3])


def gradient(rows: list[int], steps: int, lengths: object = None) -> np.ndarray:
    layer.clear_gradients()
    outputs, _ = layer(x[rows, :steps], states[:, rows], lengths)
    outputs.sum().backward()
    return np.array(layer[0].cell_bw.weight_hh.grad)


expected, got = gradient([0], 2) + gradient([1], 4), gradient([0, 1], 4, paddle.to_tensor([2, 4]))
raise SystemExit(f"expected {expected}, got {got}" if not np.abs(np.subtract(got, expected)).max() < 1e-4 else 0)
