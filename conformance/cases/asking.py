"""A case is put to an implementation, which gets a copy of it; of its answer we keep copies."""

from __future__ import annotations

from ..common.calling import CALLS
from ..common.protection import GIVEN, plain_arrays, private_fields
from ..contract import Case, Implementation, Observed


class InputChanged(Exception):
    """A call has changed what was given to it."""


def observe(implementation: Implementation, case: Case) -> Observed:
    """The implementation's answer, as an `Observed`; raises what it raises, and `InputChanged`."""
    given = private_fields(case)
    with CALLS.around(case):
        answer = implementation.observe(given)
        observed = answer if isinstance(answer, Observed) else Observed(answer)
        observed = Observed(plain_arrays(observed.values), dict(observed.missing), str(observed.path))
    if changed := GIVEN.changes(case, given):
        raise InputChanged(f"the call changed {'; '.join(changed)}: a case must be left as it is")
    return observed
