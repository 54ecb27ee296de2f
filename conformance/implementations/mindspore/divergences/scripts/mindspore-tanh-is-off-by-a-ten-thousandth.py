"""MindSpore: a layer's tanh in float32 is off by 1e-4 near 5."""

import mindspore
import numpy as np

mindspore.set_device("CPU")
layer, x = mindspore.nn.RNN(1, 1, has_bias=False), np.array([[[-4.9999]], [[4.9999]], [[5.5]]], np.float32)
for parameter in layer.get_parameters():
    parameter.set_data(mindspore.Tensor([[float("weight_ih" in parameter.name)]], mindspore.float32))
got, expected = layer(mindspore.Tensor(x))[0].asnumpy(), np.tanh(x)
error = np.abs(got - expected).max()
raise SystemExit(f"expected {expected.ravel()}, got {got.ravel()}" if error > 1e-6 else 0)
