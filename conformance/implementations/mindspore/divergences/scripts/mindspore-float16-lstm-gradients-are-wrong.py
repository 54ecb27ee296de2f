"""MindSpore: in PyNative mode the gradients of an LSTM in float16 are others than those in float32."""

import mindspore
import numpy as np

mindspore.set_device("CPU")
mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
layer = mindspore.nn.LSTM(3, 4, batch_first=True)
x = np.linspace(-1, 1, 24).reshape(2, 4, 3)


def gradient(dtype: mindspore.dtype) -> np.ndarray:
    sum_of_outputs = mindspore.grad(lambda x: layer(x)[0].sum())
    return np.array(sum_of_outputs(mindspore.Tensor(x, dtype)).asnumpy(), np.float32)


expected, got = gradient(mindspore.float32), gradient(mindspore.float16)
raise SystemExit(f"expected {expected[0, 0]}, got {got[0, 0]}" if np.abs(got - expected).max() > 0.05 else 0)
