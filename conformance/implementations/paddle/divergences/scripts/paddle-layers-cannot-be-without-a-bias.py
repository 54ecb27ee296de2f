"""PaddlePaddle: a layer without one of its biases ends the process."""

import os

import paddle

paddle.set_device("cpu")
child = os.fork()
if not child:
    paddle.nn.LSTM(1, 1, bias_hh_attr=False)(paddle.ones([1, 1, 1]))
    os._exit(0)
_, status = os.waitpid(child, 0)
raise SystemExit(f"expected an output, the process ended by signal {status}" if status else 0)
