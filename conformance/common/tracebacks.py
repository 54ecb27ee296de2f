"""What was raised, with the places where it came from in the author's own code."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from .printable import LINE, printable, printable_lines

_OURS = Path(__file__).parents[1]
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_THEIRS_IN_OURS = ("implementations", "tests")
_FRAMES, _OF_MESSAGE = 3, 4


def raised(error: BaseException) -> str:
    """``raised TypeError: …``, the first lines of the message, and the innermost frames.

    Frames of this project and of installed packages are left out, unless there are no others.
    """
    lines = printable_lines(error, LINE).splitlines() or [""]
    more = [f"… and {len(lines) - _OF_MESSAGE} more lines"] if len(lines) > _OF_MESSAGE else []
    frames = traceback.extract_tb(error.__traceback__)
    others = [frame for frame in frames if not _is_ours(frame.filename)]
    shown = [frame for frame in others if not frame.filename.startswith(_LIBRARIES)] or others[-2:]
    places = [f"  at {each.filename}:{each.lineno}, in {each.name}: {each.line}" for each in shown[-_FRAMES:]]
    head = [f"raised {type(error).__name__}: {lines[0]}", *lines[1:_OF_MESSAGE], *more]
    return "\n".join([*head, *(printable(place) for place in places)])


def _is_ours(file: str) -> bool:
    path = Path(file)
    if path.is_relative_to(_OURS):
        return path.relative_to(_OURS).parts[0] not in _THEIRS_IN_OURS
    return path.is_relative_to(_OURS.parent / "refimpl")
