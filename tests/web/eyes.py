"""Looking at a page as people do: pictures at two widths in two colour schemes, and axe-core for those who see none.

Pictures go into the folder that RUNMAIL_PICTURES names, else into the test's own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = {1280: 900, 375: 812}
SCHEMES = ("light", "dark")
#: What axe-core calls bad enough to keep somebody out.
GRAVE = ("serious", "critical")


@dataclass(frozen=True, slots=True)
class Eyes:
    """Looks at pages and tells what is wrong with them."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> Eyes:
        """Return eyes whose pictures go where RUNMAIL_PICTURES says, or into a folder of the test."""
        chosen = Path(os.environ.get("RUNMAIL_PICTURES") or folder / "pictures")
        chosen.mkdir(parents=True, exist_ok=True)
        return cls(chosen)

    def look(self, page: Page, name: str) -> list[str]:
        """Take the pictures of a page as it stands, and return what is wrong with it; the browser is left at 1280."""
        wrong = []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    wrong.append(f"{name}: {wide} px wide at {width}")
                page.evaluate("window.scrollTo(0, 0)")
                page.screenshot(path=self.folder / f"{name}-{width}-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        # The colours of the other scheme are tested by themselves: tests/web/test_look.py.
        return wrong + [f"{name}: {each}" for each in self._grave(page)]

    @staticmethod
    def _grave(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes']][:3]}"
            for each in found
            if each["impact"] in GRAVE
        ]
