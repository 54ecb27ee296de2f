"""The newest entry of the changelog is about the version that is built."""

from __future__ import annotations

import re
import tomllib

import pytest

from conformance.tests.support import ROOT


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    page = ROOT / ".github" / "CHANGELOG.md"
    if not page.is_file():
        pytest.skip("an installed package has no changelog beside it")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    entries = re.findall(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert entries[0][0] == version
    assert entries == sorted(entries, key=lambda entry: entry[1], reverse=True)
