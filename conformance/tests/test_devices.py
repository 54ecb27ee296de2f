"""Asking for a CUDA device: the answer is a reason or None, whatever the driver is like."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from conformance.devices import why_no_cuda


class Driver:
    """A driver library with that many devices; ``status`` is what its calls return."""

    def __init__(self, devices: int, status: int = 0) -> None:
        self.devices, self.status = devices, status

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
