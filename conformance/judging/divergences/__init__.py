"""Known divergences of released frameworks, as data: each an entry in TOML and a short script.

A framework's folder holds the entries in ``divergences/*.toml`` and the scripts in ``divergences/scripts/``.

A divergence never excludes a case. Where one applies, the case is run, and exactly what the entry states is expected:

- ``effect = "error"``: the call raises, with ``message`` in its message. A call that succeeds is news, and fails.
- ``effect = "computes"``: the implementation answers another question, which ``model`` names (`effects`): it is held to
  the oracle's answer to that one, within the same bounds; quantities ``aside`` are those of which it says nothing.
- ``effect = "lower precision"``: the numbers of the ``families`` stated are only as good as ``precision``, and are held
  to its bounds; all others, to their own. ``precision = "absolute"``: their dtype's, with activations that are accurate
  to so much of 1 and not of themselves (`refimpl.precision.Precision`).
- ``effect = "missing"``: the ``families`` stated are not returned. If they are, that is news, and fails.
- ``effect = "elsewhere"``: outside of what the suite asks (another call, another part of the framework); ``script``
  alone shows it, and the suite's own tests run all scripts.
- ``effect = "wrong"``: the numbers of the ``families`` stated are wrong in a way that no model describes; they are not
  compared, all others are.

Each entry's minimal case must still show it, in the case's own bounds; when it no longer does, the suite fails until
the entry is closed, by an upper end in ``versions``. The script ``<id>.py`` shows it to the framework's people: NumPy
and the framework alone, under twenty lines, exit status 1 while it diverges.
"""

from .entries import Divergence, as_markdown, concerning, known, script_of
from .examining import Disagreement, examine, expected_of, still_shows

__all__ = [
    "Disagreement",
    "Divergence",
    "as_markdown",
    "concerning",
    "examine",
    "expected_of",
    "known",
    "script_of",
    "still_shows",
]
