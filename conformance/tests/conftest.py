"""What all of the suite's own tests need."""

from __future__ import annotations

import signal

# A CI that runs in the background hands on that Ctrl-C is to be ignored; the tests of interrupts send one.
signal.signal(signal.SIGINT, signal.default_int_handler)
