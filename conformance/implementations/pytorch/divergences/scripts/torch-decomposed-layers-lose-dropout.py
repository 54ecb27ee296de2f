"""PyTorch: recurrent layers lose the dropout between their layers when torch.export or torch.compile decomposes them.

At rate 1 layer 1 gets zeros, whatever the input; without biases it then gives zeros, and so does the eager layer.
"""

import torch

layer = torch.nn.GRU(2, 3, num_layers=2, bias=False, dropout=1.0).train()
x = torch.ones(4, 1, 2)
exported = torch.export.export(layer, (x,)).run_decompositions().module()
torch._dynamo.config.allow_rnn = True
compiled = torch.compile(layer, backend="aot_eager")
for name, call in {"eager": layer, "exported, decomposed": exported, "compiled": compiled}.items():
    greatest = float(call(x)[0].abs().max())
    print(f"{name}: expected 0, got {greatest}")
raise SystemExit(1 if greatest else 0)
