"""All that each process of a run imports and reads, but for its framework: imported where processes are forked.

Pytest would import the same modules by the same names (`runner`, `conformance.running.forking`).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..judging.divergences import known_divergences

for _name in ("pytest", "_hypothesis_pytestplugin", "conformance.conftest"):
    import_module(_name)
for _path in sorted(Path(__file__).parent.glob("test_*.py")):
    import_module(f"{__package__}.{_path.stem}")
known_divergences()
