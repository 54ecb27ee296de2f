"""Known divergences of released frameworks, as data: each an entry in TOML and a short script.

A framework's folder holds the entries in ``divergences/*.toml`` and the scripts in ``divergences/scripts/``.

A divergence never excludes a case. Where one applies, the case is run, and what the entry states is expected:

- ``effect = "error"``: the call raises, with ``message`` in its message. If it succeeds, the divergence is gone, and
  the suite fails.
- ``effect = "computes"``: the implementation computes another case than the given one. ``model`` names which
  (`fault_models`). It is held to the oracle's answer to that case, within the same bounds; quantities in ``aside`` are
  not compared.
- ``effect = "lower precision"``: the numbers of the stated ``families`` are only as good as ``precision``, and are held
  to its bounds; all others to their own. ``precision = "absolute"`` is that of their dtype, with activations whose
  errors are relative to 1 and not to their values (`refimpl.precision.Precision`). Where it ends with ``systematic``,
  these errors do not average out, and only the proven bounds are asked for. Where the entry ``gives`` a dtype, they
  come in that one, and are rounded to the case's; if they do not, the divergence is gone, and the suite fails.
- ``effect = "missing"``: the stated ``families`` are not returned. If they are, the divergence is gone, and the suite
  fails.
- ``effect = "accepts"``: an input that ``families`` name is answered where its size is wrong and an error is due:
  ``x`` of one feature more than the weights are for, ``initial_state`` of one row or unit more. Of ``nan`` a finite
  number is made, where NaN follows. The minimal case alone shows it.
- ``effect = "elsewhere"``: the suite does not meet it (it is in another call, or another part of the framework). The
  ``script`` alone shows it; the suite's own tests run all scripts.
- ``effect = "wrong"``: the numbers of the stated ``families`` are wrong in a way that no model describes. They are not
  compared, all others are.

An entry that is ``lacking`` instruction sets is of x86-64 processors that have none of them, and of no other machine.

An entry's minimal case must still show the divergence within the case's own bounds. When it no longer does, the suite
fails until somebody closes the entry with an upper end in ``versions``. The script ``<id>.py`` shows the divergence to
the framework's developers: NumPy and the framework alone, under twenty lines, exit status 1 while it diverges.
"""

from .catalogue import Divergence, as_markdown, divergences_of, known_divergences, script_of
from .judged_runs import AGAIN, Disagreement, case_computed_by, expected_with, run_and_judge, still_shows

__all__ = [
    "AGAIN",
    "Disagreement",
    "Divergence",
    "as_markdown",
    "case_computed_by",
    "divergences_of",
    "expected_with",
    "known_divergences",
    "run_and_judge",
    "script_of",
    "still_shows",
]
