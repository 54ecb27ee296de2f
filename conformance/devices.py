"""Which devices this machine has, asked of the driver, so that no framework has to be imported for it."""

from __future__ import annotations

import ctypes

_LIBRARIES = ("libcuda.so.1", "nvcuda.dll")


def why_no_cuda() -> str | None:
    """Why nothing can run on CUDA here; None where a device is there."""
    for name in _LIBRARIES:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value:
            return None
    return "no CUDA device"
