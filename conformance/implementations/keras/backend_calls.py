"""Which of a backend's recurrent functions Keras really called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from keras.src import backend  # the module whose attributes Keras's layers look up when they are called

_NAMES = ("lstm", "gru", "rnn", "bidirectional_lstm", "bidirectional_gru")


class BackendCalls:
    """While it is entered, notes each recurrent function of the backend that gave an answer.

    `names` are theirs: ``lstm`` and ``gru`` are a backend's own fused versions, ``rnn`` is the generic loop over a
    cell. One that declines, by raising NotImplementedError as Keras's layers expect, is not noted.

    fused   further functions, by their module and name
    """

    def __init__(self, fused: Sequence[tuple[Any, str]] = ()) -> None:
        self._answered: list[str] = []
        places = [*((backend, name) for name in _NAMES if hasattr(backend, name)), *fused]
        self._originals = [(where, name, getattr(where, name)) for where, name in places]

    @property
    def names(self) -> str:
        return ", ".join(dict.fromkeys(self._answered)) or "none"

    def __enter__(self) -> BackendCalls:
        for where, name, original in self._originals:
            setattr(where, name, self._noting(name, original))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for where, name, original in self._originals:
            setattr(where, name, original)

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = original(*args, **kwargs)
            note = "backend.rnn, unrolled" if name == "rnn" and kwargs.get("unroll") else f"backend.{name}"
            self._answered.append(note)
            return answer

        return call
