"""Recurrent kernels on a device: known by their names, since no framework says what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

_RECURRENT = re.compile(r"\w*(?:rnn|lstm|gru)\w*", re.IGNORECASE)


def recurrent_kernels(names: Iterable[str]) -> str:
    """The recurrent ones among them, without template arguments: "on the device …", empty where there are none."""
    found = {match[0] for name in names if (match := _RECURRENT.search(name))}
    return f"on the device {', '.join(sorted(found))}" if found else ""
