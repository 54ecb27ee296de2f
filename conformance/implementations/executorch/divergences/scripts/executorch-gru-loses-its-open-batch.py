"""ExecuTorch: a GRU exported with an open batch, of 1 to 8, takes that of its export alone; an LSTM takes any."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime

taken = {}
for name in ("LSTM", "GRU"):
    layer, batch = getattr(torch.nn, name)(2, 3, batch_first=True).eval(), torch.export.Dim("batch", min=1, max=8)
    exported = torch.export.export(layer, (torch.zeros(2, 4, 2),), dynamic_shapes=({0: batch},))
    program = to_edge_transform_and_lower(exported).to_executorch().buffer
    method = Runtime.get().load_program(program).load_method("forward")
    taken[name] = method.metadata.input_tensor_meta(0).sizes()[0]
    print(f"{name}: exported for a batch of {exported.range_constraints}, lowered for one of up to {taken[name]}")
raise SystemExit(1 if taken["GRU"] < taken["LSTM"] else 0)
