"""Which recurrent kernels PyTorch really ran: its profiler's word, not a flag's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # read when torch is imported; else the profiler says when it starts

from torch._C._profiler import _ExperimentalConfig
from torch.autograd import DeviceType
from torch.autograd.profiler import profile

from ..device_kernels import recurrent_kernels

CALL = "the call"
"""The name under which a program records the call itself: what traces or compiles runs kernels too."""

_OPERATORS = re.compile(
    r"aten::(?:(?:lstm|gru|rnn_tanh|rnn_relu)(?:_cell)?|mkldnn_rnn_layer(?:_backward)?|_?cudnn_rnn\w*|_thnn_fused\w+|miopen_rnn)$"
    r"|Torch-Compiled Region"
)
T = TypeVar("T")


class Event(NamedTuple):
    """What the profiler saw: an operator, or on a device a kernel."""

    name: str
    start: int
    on_device: bool = False


def profiled(call: Callable[[], T], device: str) -> tuple[T, str]:
    """What the call gives, and the recurrent kernels that it ran, in whatever thread."""
    with profiler(device) as ran:
        found = call()
    events = seen(ran)
    lacking = device != "cpu" and not any(event.on_device for event in events)
    return found, kernels(events) + ("; the profiler saw nothing on the device" if lacking else "")


def profiler(device: str) -> profile:
    """The profiler of the operators, and of the kernels on the device."""
    try:
        every_thread = _ExperimentalConfig(profile_all_threads=True)
    except TypeError:  # an older release, which sees the thread that asks alone
        every_thread = None
    if device == "cpu":
        return profile(experimental_config=every_thread)
    return profile(use_device=device, use_kineto=True, experimental_config=every_thread)


def seen(ran: Any) -> list[Event]:
    """What the profiler saw of what `kernels` looks at, as it began; ``function_events`` takes 80 times as long."""
    found = [
        Event(event.name(), event.start_ns() if hasattr(event, "start_ns") else event.start_us(), on_device)
        for event in ran.kineto_results.events()
        if (on_device := event.device_type() != DeviceType.CPU) or _is_looked_at(event.name())
    ]
    return sorted(found, key=lambda event: event.start)


@cache  # thousands of events, and few names
def _is_looked_at(name: str) -> bool:
    return name == CALL or bool(_OPERATORS.match(name))


def kernels(events: Sequence[Event]) -> str:
    """The recurrent operators among what the profiler saw from the call on, and the kernels on the device."""
    called = [event.start for event in events if event.name == CALL][:1]
    compiled = [event.start for event in events if event.name.startswith("Torch-Compiled Region")][-1:]
    begin = max(called + compiled, default=0)
    later = [event for event in events if event.start >= begin]
    operators = {match[0] for event in later if not event.on_device and (match := _OPERATORS.match(event.name))}
    on_the_cpu = ", ".join(sorted(operators)) or "no recurrent kernel, but its parts"
    return "; ".join(filter(None, [on_the_cpu, recurrent_kernels(event.name for event in later if event.on_device)]))
