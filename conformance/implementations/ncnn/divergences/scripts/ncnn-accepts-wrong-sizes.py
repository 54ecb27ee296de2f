"""ncnn: two features are taken where the weights are for one."""

import tempfile

import ncnn
import numpy as np

path, network = tempfile.mkdtemp() + "/net", ncnn.Net()
with open(path + ".param", "w") as file:
    file.write("7767517\n2 2\nInput x 0 1 x\nRNN layer 1 1 x y 0=1 1=1\n")
with open(path + ".bin", "wb") as file:
    file.write(b"".join(bytes(4) + np.array(number, np.float32).tobytes() for number in (1, 0, 0)))
network.load_param(path + ".param"), network.load_model(path + ".bin")
run, x = network.create_extractor(), np.ones((1, 2), np.float32)
run.input("x", ncnn.Mat(x).clone())
status, found = run.extract("y")
raise SystemExit(0 if status else f"expected an error, got {np.array(found)}")
