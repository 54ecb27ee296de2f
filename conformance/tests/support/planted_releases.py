"""An implementation whose answer depends on the release of Keras in its environment, which `fake_uv` makes up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from packaging.version import Version

from conformance.tests.support.planted_failures import Small

_RELEASE = os.environ.get("FAKE_ENVIRONMENT", "keras==0-").split("==")[1].split("-")[0]
if os.environ.get("CANNOT_BE_IMPORTED") == _RELEASE:
    raise AttributeError("numpy has no attribute 'bool'")


class Released(Small):
    """It is wrong in 3.12 and later, and ends its process in 3.15.1."""

    name = "released"
    versions: Mapping[str, str] = {"keras": _RELEASE}

    def observe(self, case: Any) -> dict[str, Any]:
        if Version(_RELEASE) >= Version(os.environ.get("ENDS_ITS_PROCESS", "4")):
            os._exit(86)
        found = super().observe(case)
        return {"outputs": found["outputs"] * 1.01} if Version(_RELEASE) >= Version("3.12") else found
