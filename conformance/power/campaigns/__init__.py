"""The long work that campaigns do: how each is cut into chunks, and how their results are put together.

`walk` goes through an implementation's options again and again, `study` is the tolerance study, `wrong` the mutants,
`certified` the corpus. Each has ``add_options``, ``campaign_of`` for the options, and a function that does one chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from . import certified, study, walk, wrong

WORK: Mapping[str, ModuleType] = {
    "walk": walk,
    "tolerance-study": study,
    "mutants": wrong,
    "certification": certified,
}
"""Each campaign's name, to its module."""
