"""Make the pictures of docs/pictures anew: `python -m tests.mails.pictures`. Look at each of them afterwards."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.mails.conftest import ROOT, example, mail

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Pixels of height that a picture shows; the longest mail is many screens long.
MOST_HEIGHT = 1600


def make(folder: Path) -> None:
    """Write a picture of each mail, phone and desktop wide, light and dark."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as pages, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name in ("run-finished", "alert", "summary-ready"):
            page_file = Path(pages) / f"{name}.html"
            page_file.write_text(mail(example(name)).page, "utf-8")
            for width in (375, 700):
                for scheme in ("light", "dark"):
                    context = browser.new_context(viewport={"width": width, "height": 600}, color_scheme=scheme)
                    page = context.new_page()
                    page.goto(page_file.as_uri())
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, f"{name} is {wide} px wide at {width}"
                    height = min(page.evaluate("document.documentElement.scrollHeight"), MOST_HEIGHT)
                    page.set_viewport_size({"width": width, "height": height})
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                    context.close()
        browser.close()


if __name__ == "__main__":
    make(ROOT / "docs" / "pictures")
