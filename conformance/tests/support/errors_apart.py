"""``python -m conformance.tests.support.errors_apart FILE MODULE…`` is ``python -m MODULE…``, its errors into the file.

What is forked has one descriptor for output and errors.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    file, *sys.argv = sys.argv[1:]
    os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), 2)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
