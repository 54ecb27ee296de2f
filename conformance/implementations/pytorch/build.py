"""Which build of PyTorch runs, and that on CUDA it rounds as its dtypes say."""

from __future__ import annotations

import os
from operator import attrgetter
from typing import Any

_REDUCED_PRECISION = (
    "cudnn.allow_tf32",  # cuDNN computes in TF32 unless it is told
    "cuda.matmul.allow_tf32",
    "cuda.matmul.allow_fp16_reduced_precision_reduction",
    "cuda.matmul.allow_bf16_reduced_precision_reduction",
)
"""Of ``torch.backends``, what lets CUDA's libraries round more than a dtype says."""


def refuse_unwanted_cuda_build(torch: Any) -> None:
    """Where the environment asks for the CPU build (``RNN_CONFORMANCE_TORCH_BUILD=cpu``), it must be one.

    On Linux the package index gives the CUDA build, 3 GB, unasked.

    Raises `ValueError` with how to get it.
    """
    if os.environ.get("RNN_CONFORMANCE_TORCH_BUILD") == "cpu" and torch.version.cuda is not None:
        raise ValueError(
            f"the CUDA build of PyTorch ({torch.__version__}) is installed where the CPU build was meant; "
            "install it with: uv pip install --reinstall --torch-backend cpu torch"
        )


def disable_reduced_precision(torch: Any) -> str:
    """Turns off what rounds more on CUDA than a dtype says; and the lines that do so, for scripts."""
    for name in _REDUCED_PRECISION:
        where, _, switch = name.rpartition(".")
        setattr(attrgetter(where)(torch.backends), switch, False)
    return "".join(f"\ntorch.backends.{name} = False" for name in _REDUCED_PRECISION)


def cuda_versions(torch: Any) -> dict[str, str]:
    """CUDA's and cuDNN's, of the libraries that PyTorch runs with."""
    return {"cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}
