"""A sampling profiler: a thread looks at the stack of the thread that made it, and books the time since its last look.

Profilers that come as a library do not serve here. Those on `sys.setprofile` take time at every call, so that code of
many small Python functions looks slower than other code. Those that look from another process are not permitted
everywhere.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from types import FrameType

_INTERVAL = 0.02
_SWITCH_INTERVAL = 1e-4
"""How long this thread waits before it takes the interpreter from another.

With a longer wait it would look when the other thread releases the interpreter, mostly inside a framework.
"""


class Sampler:
    """Books the time of the thread that makes it, from ``start`` to ``stop``.

    account_of   the account of a frame; may be replaced while it runs
    seconds      account to seconds
    """

    def __init__(self, account_of: Callable[[FrameType | None], str]) -> None:
        self.account_of = account_of
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.began = self.ended = time.monotonic()
        self._watched = threading.get_ident()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._before, self.began = sys.getswitchinterval(), time.monotonic()
        self.ended = self.began
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self._thread.start()

    def stop(self) -> None:
        """Ends it; from then on ``seconds`` add up to ``ended - began``."""
        self._stopped.set()
        self._thread.join()
        sys.setswitchinterval(self._before)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopped.wait(_INTERVAL)
            account = self.account_of(sys._current_frames().get(self._watched))
            now = time.monotonic()
            self.seconds[account] += now - self.ended
            self.ended = now
