"""The CUDA devices of this machine, asked of the driver, so that no framework has to be imported."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")
_MANAGEMENT = ("libnvidia-ml.so.1", "nvml.dll")
_CAPABILITY = (75, 76)  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
_TEXT = 256  # bytes; NVML asks for 80 at least


@dataclass(frozen=True)
class Gpu:
    """A CUDA device: its name, compute capability, GiB of memory, and the versions of the driver and of its CUDA."""

    name: str
    capability: str
    memory: float
    driver: str
    cuda: str


def why_no_cuda() -> str | None:
    """The reason why nothing can run on CUDA here; None where there is a device."""
    return None if _cuda_driver() else "no CUDA device"


def gpu() -> Gpu | None:
    """The first CUDA device, which frameworks use; None where there is none."""
    driver = _cuda_driver()
    if driver is None:
        return None
    device, version, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    name = ctypes.create_string_buffer(_TEXT)
    driver.cuDeviceGet(ctypes.byref(device), 0)
    driver.cuDeviceGetName(name, _TEXT, device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    driver.cuDriverGetVersion(ctypes.byref(version))
    capability = []
    for attribute in _CAPABILITY:
        found = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(found), attribute, device)
        capability.append(str(found.value))
    return Gpu(
        name.value.decode(),
        ".".join(capability),
        round(memory.value / 2**30, 1),
        _driver_version(),
        f"{version.value // 1000}.{version.value % 1000 // 10}",
    )


def _cuda_driver() -> Any:
    """The driver's library; None where it has no device."""
    for driver in _loadable(_DRIVERS):
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value:
            return driver
    return None


def _driver_version() -> str:
    for management in _loadable(_MANAGEMENT):
        found = ctypes.create_string_buffer(_TEXT)
        if management.nvmlInit_v2() == 0 and management.nvmlSystemGetDriverVersion(found, _TEXT) == 0:
            return found.value.decode()
    return "unknown"


def _loadable(names: Iterable[str]) -> Iterator[Any]:
    """Those of the libraries that can be loaded."""
    for name in names:
        with suppress(OSError):
            yield ctypes.CDLL(name)
