"""Reports of the pytest that runs this test: ours must say what pytest itself said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from consumers.results.reports import read_reports

SUITE = """
import sys
import pytest

def test_passes(): print("\\x1b[31mred\\x1b[0m \\x00")

def test_fails():
    print("noise " * 1000)
    assert "\\x1b[1mbold\\x1b[0m" == "\\x00"

@pytest.mark.parametrize("n", [1, 2, 3])
def test_many(n): assert n != 2, "two is not wanted"

@pytest.fixture
def broken_setup(): raise RuntimeError("no setup")

def test_with_broken_setup(broken_setup): pass

@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("no teardown")

def test_with_broken_teardown(broken_teardown): pass

def test_fails_and_breaks_in_teardown(broken_teardown): assert False

@pytest.mark.skip(reason="later")
def test_skipped(): pass

@pytest.mark.xfail
def test_expected_to_fail(): assert False

@pytest.mark.xfail
def test_passes_unexpectedly(): pass

class TestInClass:
    def test_method(self): pass
"""


@pytest.mark.parametrize("family", ["xunit1", "xunit2", "legacy"])
def test_a_report_of_pytest_is_counted_as_pytest_counts(tmp_path: Path, family: str) -> None:
    (tmp_path / "test_shop.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "test_broken.py").write_text("import no_such_module", encoding="utf-8")
    arguments = ["-q", "-p", "no:cacheprovider", f"-ojunit_family={family}", "--junitxml=out.xml", "--color=yes"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "--continue-on-collection-errors"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    results, faults = read_reports([tmp_path / "out.xml"])
    assert faults == []
    counts = results.counts
    assert (counts.passed, counts.failed, counts.errors, counts.skipped) == (5, 3, 3, 2)
    assert counts.total == 13
    failures = {failure.name: failure for failure in results.failures}
    assert set(failures) == {
        "test_broken",
        "test_shop.test_fails",
        "test_shop.test_many[2]",
        "test_shop.test_with_broken_setup",
        "test_shop.test_with_broken_teardown",
        "test_shop.test_fails_and_breaks_in_teardown",
    }
    assert failures["test_shop.test_many[2]"].message == "AssertionError: two is not wanted\nassert 2 != 2"
    assert all("\x1b" not in (failure.trace or "") for failure in results.failures)
    assert all("[31m" not in (failure.trace or "") for failure in results.failures)
    assert results.started_at is not None
    assert results.duration_seconds is not None
    assert results.duration_seconds > 0
    if family == "xunit1":
        assert failures["test_shop.test_fails"].file == "test_shop.py:6"
