"""ncnn: the tanh of an LSTM of four units is off by 6e-8: that of 1e-8 is negative."""

import tempfile

import ncnn
import numpy as np

path, network = tempfile.mkdtemp() + "/net", ncnn.Net()
with open(path + ".param", "w") as file:
    file.write("7767517\n4 4\nInput x 0 1 x\nInput h 0 1 h\nInput c 0 1 c\nLSTM l 3 1 x h c y 0=4 1=16\n")
bias = np.repeat([-200, 200, 200, 0], 4)  # gates i f o g: the state is kept, and let out
np.concatenate([[0], [0] * 16, [0], bias, [0] * 65]).astype(np.float32).tofile(path + ".bin")  # a zero before each
network.load_param(path + ".param"), network.load_model(path + ".bin")
run, given = network.create_extractor(), np.array([[0] * 4, [0] * 4, [1e-8] * 4], np.float32)
for name, array in zip("xhc", (given[0, :1], given[1], given[2]), strict=True):
    run.input(name, ncnn.Mat(array[None]).clone())  # `given` keeps its memory alive
got = np.array(run.extract("y")[1])[0, 0]
raise SystemExit(f"expected 1e-8, got {got}" if abs(got - 1e-8) > 1e-12 else 0)
