"""Calls of an implementation: it keeps the settings of the process that it makes, and we keep ours.

Shielded, as we compute and write under settings of our own: NumPy's treatment of floating-point errors, the filters of
warnings, the working directory, the limit of recursion. Nothing of ours depends on the locale, on environment variables
once a run has begun, on the global random generators, or on how many threads a framework uses.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Settings:
    """The settings of a process that an implementation may change."""

    floating_point: dict[str, Any]
    warnings: list[Any]
    folder: str
    recursion: int

    @classmethod
    def now(cls) -> Settings:
        folder = ""
        with suppress(OSError):  # it may have been deleted
            folder = os.getcwd()
        return cls(dict(np.geterr()), list(warnings.filters), folder, sys.getrecursionlimit())

    def restore(self, now: Settings) -> None:
        """Makes these the settings, where they are not."""
        if self.floating_point != now.floating_point:
            np.seterr(**self.floating_point)
        if self.warnings != now.warnings:
            warnings.filters[:] = self.warnings  # type: ignore[index]  # typed as a Sequence, and is a list
            warnings.simplefilter("default", append=True)  # which also makes Python look at the list again
            warnings.filters[:] = self.warnings  # type: ignore[index]
        if self.folder != now.folder and self.folder:
            os.chdir(self.folder)
        if self.recursion != now.recursion:
            sys.setrecursionlimit(self.recursion)


class Calls:
    """Around each call: its own settings, and what watches it."""

    def __init__(self) -> None:
        self.watch: Callable[[object], AbstractContextManager[None]] = lambda _: nullcontext()
        self._theirs: Settings | None = None

    @contextmanager
    def around(self, what: object) -> Iterator[None]:
        """A call in which the implementation is asked for this: a case, or something in words.

        What is raised to end a process or a test, as `SystemExit` is, comes out as `RuntimeError`.
        """
        ours = Settings.now()
        if self._theirs is not None:
            self._theirs.restore(ours)
        try:
            with self.watch(what):
                yield
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        finally:
            self._theirs = Settings.now()
            ours.restore(self._theirs)


CALLS = Calls()
"""The calls of this process."""
