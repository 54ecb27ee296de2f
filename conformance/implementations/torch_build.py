"""The CPU build of PyTorch, where it was meant: on Linux the package index gives the CUDA build, 3 GB, unasked."""

from __future__ import annotations

import os
from typing import Any


def refuse_an_unwanted_cuda_build(torch: Any) -> None:
    """Where the environment asks for the CPU build (``RNN_CONFORMANCE_TORCH_BUILD=cpu``), it must be one.

    Raises `ValueError` with how to get it.
    """
    if os.environ.get("RNN_CONFORMANCE_TORCH_BUILD") == "cpu" and torch.version.cuda is not None:
        raise ValueError(
            f"the CUDA build of PyTorch ({torch.__version__}) is installed where the CPU build was meant; "
            "install it with: uv pip install --reinstall --torch-backend cpu torch"
        )
