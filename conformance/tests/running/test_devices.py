"""Asking for a CUDA device: the answer is a reason or None, whatever the driver is like."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from conformance.running.devices import Gpu, gpu, why_no_cuda


class Driver:
    """A driver library with that many devices; ``status`` is what its calls return."""

    def __init__(self, devices: int, status: int = 0) -> None:
        self.devices, self.status = devices, status

    def cuDeviceGet(self, device: Any, ordinal: int) -> int:
        device._obj.value = ordinal
        return 0

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> int:
        name.value = b"NVIDIA X"
        return 0

    def cuDeviceTotalMem_v2(self, memory: Any, device: Any) -> int:
        memory._obj.value = 80 * 2**30
        return 0

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = 13010
        return 0

    def cuDeviceGetAttribute(self, found: Any, attribute: int, device: Any) -> int:
        found._obj.value = {75: 9, 76: 0}[attribute]
        return 0

    def nvmlInit_v2(self) -> int:
        return self.status

    def nvmlSystemGetDriverVersion(self, found: Any, size: int) -> int:
        found.value = b"580.159.04"
        return self.status

    def cuInit(self, flags: int) -> int:
        return self.status

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = self.devices
        return self.status


def no_library(name: str) -> Driver:
    raise OSError(f"{name}: cannot open shared object file")


def test_on_this_machine_the_answer_is_a_reason_or_none() -> None:
    answer = why_no_cuda()
    assert answer is None or "CUDA" in answer


def test_without_the_driver_library_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert why_no_cuda() == "no CUDA device"


@pytest.mark.parametrize(
    ("driver", "answer"),
    [
        (Driver(devices=1), None),
        (Driver(devices=8), None),
        (Driver(devices=0), "no CUDA device"),
        (Driver(devices=1, status=100), "no CUDA device"),  # CUDA_ERROR_NO_DEVICE
    ],
    ids=["one device", "eight devices", "none", "a driver that fails"],
)
def test_the_driver_is_asked_how_many_devices_there_are(
    driver: Driver, answer: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    assert why_no_cuda() == answer


def test_a_device_is_described_by_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(devices=1))
    assert gpu() == Gpu("NVIDIA X", "9.0", 80.0, "580.159.04", "13.1")


def test_a_driver_without_its_management_library_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_cuda(name: str) -> Driver:
        return Driver(devices=1) if name == "libcuda.so.1" else no_library(name)

    monkeypatch.setattr(ctypes, "CDLL", only_cuda)
    found = gpu()
    assert found is not None
    assert found.driver == "unknown"


def test_without_a_device_nothing_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(devices=0))
    assert gpu() is None
