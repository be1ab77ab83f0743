"""The look: colours that can be read in both schemes, and what every page loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from profiles.page.shell import pages as shell
from tests.web.conftest import RunningPage

STYLE = (Path(shell.__file__).parent / "static" / "app.css").read_text("utf-8")
LIGHT, _, REST = STYLE.partition("@media (prefers-color-scheme: dark)")
NAMED = r"--([\w-]+): (#[0-9a-f]{6});"
COLOURS = {"light": dict(re.findall(NAMED, LIGHT)), "dark": dict(re.findall(NAMED, REST))}
TONES = ("good", "bad", "warn", "info", "quiet")


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", COLOURS)
def test_every_text_stands_out_from_what_it_stands_on(scheme: str) -> None:
    colours = COLOURS[scheme]
    grounds = ("surface", "page", "sunken")
    pairs = [(tone, ground) for tone in TONES for ground in (*grounds, f"{tone}-wash")]
    pairs += [(ink, ground) for ink in ("ink", "soft") for ground in (*grounds, *(f"{tone}-wash" for tone in TONES))]
    pairs += [("accent", ground) for ground in (*grounds, "info-wash")]
    pairs += [("strong-ink", "strong"), ("accent-ink", "accent")]

    faint = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: found for pair, found in faint.items() if found < 4.5} == {}


@pytest.mark.parametrize("scheme", COLOURS)
def test_the_edges_of_fields_and_the_focus_can_be_seen(scheme: str) -> None:
    colours = COLOURS[scheme]
    for line in ("line-strong", "accent"):
        for ground in ("surface", "page"):
            assert contrast(colours[line], colours[ground]) >= 3, (line, ground)


def test_what_a_page_loads_is_there_and_kept_by_browsers_until_it_changes(page: RunningPage) -> None:
    client = page.stranger()
    text = client.get("/login").text
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)

    assert {path.partition("?")[0].rpartition(".")[2] for path in loaded} == {"css", "js", "svg"}
    for path in loaded:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["Cache-Control"]
        assert client.get(path.partition("?")[0]).headers["Cache-Control"] == "no-cache"
    assert client.get("/static/../pages.py").status_code in (303, 404)
    assert client.get("/static/%2e%2e/pages.py").status_code == 404
