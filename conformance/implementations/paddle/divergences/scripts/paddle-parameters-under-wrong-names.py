"""PaddlePaddle: `weight_ih_l1` of a projected LSTM is the first layer's projection, not the second's weights."""

import paddle

paddle.set_device("cpu")
layer = paddle.nn.LSTM(2, 4, num_layers=2, proj_size=3)
got, expected = layer.weight_ih_l1, layer[1].cell.weight_ih
raise SystemExit(f"expected the shape {expected.shape}, got {got.shape}" if got is not expected else 0)
