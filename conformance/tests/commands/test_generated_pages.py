"""What a command prints stands in pages in the form that it prints now."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands import docs
from conformance.commands.main import main
from conformance.reporting import generated_pages as pages

BY_HAND = '<!-- {{cog printed("no-such-command", by_hand=True) cog}} -->\nkept as it is\n<!-- {{end}} -->\n'


def part(code: str, shown: str, more: str = "") -> str:
    """A page with one part, which a command of Python's makes."""
    begin = f"<!-- {{{{cog printed(\"python -c 'print({code})'\"{more}) cog}}}} -->"
    return f"before\n{begin}\n{shown}\n<!-- {{{{end}}}} -->\nafter\n"


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: str(page.relative_to(pages.ROOT)))
def test_every_generated_part_has_the_form_that_its_command_prints(page: Path) -> None:
    shown = page.read_text(encoding="utf-8")
    assert pages.form_of(pages.regenerated(shown)) == pages.form_of(shown), "make it anew: python -m conformance docs"


def test_the_readme_has_a_generated_part() -> None:
    assert pages.ROOT / "README.md" in pages.pages()


def test_a_part_is_replaced_by_what_its_command_prints() -> None:
    found = pages.regenerated(part("1 + 1", "old"))
    assert found == part("1 + 1", "```\n$ python -c 'print(1 + 1)'\n2\n```")
    assert pages.regenerated(found) == found


def test_markdown_stands_without_a_frame_and_long_output_is_cut() -> None:
    assert "\n\n2\n\n<!-- {{end}}" in pages.regenerated(part("1 + 1", "", ", markdown=True"))
    assert "\n1\n2\n…\n```\n" in pages.regenerated(part("*range(1, 9), sep=chr(10)", "", ", lines=2"))


def test_another_form_is_seen_and_another_figure_is_not() -> None:
    shown = pages.form_of("torch: agrees after 21 s: 286 cases, 0.9 of its limit (gradients)\n│   21 │")
    assert shown == pages.form_of("torch: agrees after 3 s: 1,286 cases, 9e-05 of its limit (state)\n│ 3 │")
    assert shown != pages.form_of("torch: DIVERGES after 21 s: 286 cases, 0.9 of its limit (gradients)\n│   21 │")


def test_what_is_made_by_hand_stays_until_it_is_asked_for() -> None:
    assert pages.regenerated(BY_HAND) == BY_HAND
    with pytest.raises(pages.CommandFailed, match="ended with status 127, not 0"):
        pages.regenerated(BY_HAND, by_hand=True)


def test_a_command_that_ends_otherwise_is_an_error() -> None:
    with pytest.raises(pages.CommandFailed, match="ended with status 3, not 0"):
        pages.regenerated(part("exit(3)", ""))


def test_the_command_says_which_page_differs_and_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(part("chr(120)", "old"))
    assert main(["docs", "--check", str(page)]) == 1
    assert page.read_text() == part("chr(120)", "old")
    assert main(["docs", str(page)]) == 0
    assert main(["docs", "--check", str(page)]) == 0
    assert capsys.readouterr().out == "page.md: differs\npage.md: differs\npage.md: as it is\n"
