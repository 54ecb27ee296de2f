"""How a page is made: templates that escape whatever they are given, with scripts and styles inside the page.

Names and messages come from plug-ins that nobody has read. Jinja2 escapes each of them, data for scripts is JSON in
which no tag can end, and the page's policy lets a browser run the page's own scripts alone, by their SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TEMPLATES = Path(__file__).parent / "templates"


def require_packages() -> None:
    """Raises `ModuleNotFoundError` before minutes of work whose page could not be written, not after them."""
    import jinja2  # noqa: F401
    import plotly  # noqa: F401


def page(template: str, scripts: tuple[str, ...], **values: Any) -> str:
    """The page that a template gives with these values.

    scripts   files of the folder of templates that run in the page, in their order; ``plotly`` is the library
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"short": short, "count": lambda number: f"{number:,.0f}"}
    sources = [_plotly() if name == "plotly" else _file(name) for name in scripts]
    rendered: str = environment.get_template(template).render(
        style=_file("style.css"),
        scripts=sources,
        policy="default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
        f"style-src 'unsafe-inline'; script-src {' '.join(map(_source_hash, sources))}",
        **values,
    )
    return rendered


def short(number: float | None) -> str:
    """A figure with two digits; ``∞`` where there is none, as JSON has no infinity."""
    return "∞" if number is None or number == float("inf") else f"{number:.2g}"


def anchor(kind: str, *identity: Any) -> str:
    """The id of an element that links lead to: the same for the same identity, and plain whatever that holds."""
    digest = hashlib.sha256("\0".join(map(str, identity)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}-{digest[:10]}"


def machine_in_words(record: Mapping[str, Any]) -> str:
    """The machine of a run, and its GPU where that computed."""
    machine, gpu = record["machine"], record["gpu"]
    host = f"{machine.get('processor', 'unknown')}, {machine['system']} {machine['architecture']}"
    host += f", CPython {machine['python']}, threads: {machine['threads']}"
    return host if gpu is None else f"{gpu['name']}, driver {gpu['driver']}, CUDA {gpu['cuda']}; {host}"


def _source_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    return source
