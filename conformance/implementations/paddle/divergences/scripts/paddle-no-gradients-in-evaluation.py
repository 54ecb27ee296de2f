"""PaddlePaddle: a layer in its mode of evaluation has no gradients, and the error does not say so."""

import paddle

paddle.set_device("cpu")
layer, x = paddle.nn.GRU(1, 1), paddle.ones([1, 1, 1])
layer.eval()
x.stop_gradient = False
outputs, _ = layer(x)
try:
    outputs.sum().backward()
except RuntimeError as error:
    raise SystemExit(f"expected a gradient, got {error}") from None
