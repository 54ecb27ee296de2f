"""PyTorch: an LSTM in float32, compiled on the CPU for training, raises unless its input asks for a gradient.

Without one it is decomposed into the oneDNN kernel in its inference form, which keeps nothing for the pull-back.
"""

import torch

torch._dynamo.config.allow_rnn = True
fails = False
for input_grad in (True, False):
    compiled = torch.compile(torch.nn.LSTM(2, 3), backend="aot_eager")
    try:
        outputs, _ = compiled(torch.ones(4, 1, 2, requires_grad=input_grad))
        outputs.sum().backward()
        print(f"input.requires_grad={input_grad}: runs")
    except AssertionError as error:
        fails = True
        print(f"input.requires_grad={input_grad}: raises AssertionError: {str(error)[:60]}")
raise SystemExit(1 if fails else 0)
