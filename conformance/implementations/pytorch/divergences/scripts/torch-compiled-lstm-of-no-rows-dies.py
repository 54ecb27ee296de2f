"""PyTorch: an LSTM in float32, compiled on the CPU, ends the whole process by SIGFPE for a batch of no rows."""

import subprocess
import sys

CHILD = """
import sys, torch
layer, x = torch.nn.LSTM(2, 3), torch.ones(4, 0, 2)
torch._dynamo.config.allow_rnn = True
call = torch.compile(layer, backend="aot_eager") if sys.argv[1] == "compiled" else layer
with torch.no_grad():
    print(tuple(call(x)[0].shape))
"""
ended = {mode: subprocess.run([sys.executable, "-c", CHILD, mode]).returncode for mode in ("eager", "compiled")}
print(*(f"{mode}: exit status {status}" for mode, status in ended.items()), sep="\n")
raise SystemExit(1 if ended["compiled"] else 0)
