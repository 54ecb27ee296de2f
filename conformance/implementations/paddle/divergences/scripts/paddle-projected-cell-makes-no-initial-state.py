"""PaddlePaddle: an LSTM cell with a projection makes h as large as c is, and c as h."""

import paddle

paddle.set_device("cpu")
cell = paddle.nn.LSTMCell(2, 4, proj_size=3)
expected, got = ((3,), (4,)), cell.state_shape
raise SystemExit(f"expected {expected}, got {got}" if tuple(map(tuple, got)) != expected else 0)
