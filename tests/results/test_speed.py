"""A large report is read at a useful speed; the figure is printed."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from consumers.contract.tally import Tally
from consumers.results.junit import read_junit

EXAMPLE = Path(__file__).parents[2] / "examples" / "junit.xml"
#: Copies of the shipped report's suite in one file of about 18 MB.
COPIES = 400


def test_a_large_report_is_read_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    suite = text[text.index("  <testsuite ") : text.index("</testsuites>")]
    content = f"<testsuites>{suite * COPIES}</testsuites>".encode()
    tally = Tally()
    began = time.perf_counter()
    read_junit(io.BytesIO(content), tally)
    rate = len(content) / 1e6 / (time.perf_counter() - began)
    with capsys.disabled():
        print(f"\nJUnit: {len(content) / 1e6:.0f} MB with {tally.total:,} tests at {rate:.0f} MB/s")
    assert tally.total == 214 * COPIES
    assert rate > 2
