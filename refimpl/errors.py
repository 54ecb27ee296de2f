"""The one error that bad input raises."""

from __future__ import annotations

_LONGEST = 1000


class InvalidArgument(ValueError):
    """An argument that the oracle refuses, before any arithmetic.

    The message names the argument, what was expected and what came; what is very long is cut, with how much is left
    out.
    """

    def __init__(self, argument: str, *, expected: object, got: object) -> None:
        super().__init__(f"{argument}: expected {_short(expected)}, got {_short(got)}")
        self.argument = argument
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.argument, self.expected, self.got)


def _short(words: object) -> str:
    written = str(words)
    left_out = len(written) - _LONGEST
    return written if left_out <= 0 else f"{written[:_LONGEST]}… ({left_out} characters more)"


def _rebuild(argument: str, expected: object, got: object) -> InvalidArgument:
    return InvalidArgument(argument, expected=expected, got=got)
