"""The one error that bad input raises."""

from __future__ import annotations


class InvalidArgument(ValueError):
    """An argument that the oracle refuses, before any arithmetic.

    The message names the argument, what was expected and what came.
    """

    def __init__(self, argument: str, *, expected: object, got: object) -> None:
        super().__init__(f"{argument}: expected {expected}, got {got}")
        self.argument = argument
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.argument, self.expected, self.got)


def _rebuild(argument: str, expected: object, got: object) -> InvalidArgument:
    return InvalidArgument(argument, expected=expected, got=got)
