"""read_ctrf: counts one report in the Common Test Report Format (CTRF, ctrf.io), of the older and the newer schema.

Tests are counted one by one, in memory that is the text of the report and one test; totals that a report states are
believed only where it names no test at all. Unknown fields are passed over.
"""

from __future__ import annotations

import codecs
import math
from datetime import UTC, datetime
from typing import Any, BinaryIO

from consumers.contract.events import Failure
from consumers.contract.tally import Tally
from consumers.contract.texts import MAX_NAME, shorten
from consumers.results.ctrf_case import CtrfCase, milliseconds, plain
from consumers.results.json_cursor import JsonCursor, JsonFault
from consumers.results.malformed import MalformedReport
from consumers.results.span import Span

#: Bytes of one report. Its text is held as a whole, and pictures of failed tests may lie in it.
MAX_REPORT = 128 * 1024 * 1024
#: Tests that a report may state without naming one: a larger number is a mistake, not a count.
MAX_STATED = 100_000
#: A time below this is in seconds, as some emitters write it: 10¹¹ ms is in 1973, 10¹¹ s far away.
_LEAST_MILLISECONDS = 100_000_000_000

_OTHER_FORMATS = {
    "specversion": "an event: use `runmail publish FILE`",
    "testResults": "Jest's own JSON: let jest-ctrf-json-reporter write CTRF",
    "suites": "Playwright's own JSON: let playwright-ctrf-json-reporter write CTRF",
    "exitcode": "a report of pytest-json-report: let pytest-json-ctrf write CTRF",
    "stats": "mocha's own JSON: let mocha-ctrf-json-reporter write CTRF",
}


def read_ctrf(stream: BinaryIO, tally: Tally, *, max_bytes: int = MAX_REPORT) -> Span:
    """Count every test of a report in `tally`; return when its run was.

    How long: from `summary.start` to `summary.stop`, else `summary.duration`, else the sum over the tests.

    Raises:
        MalformedReport: with the line. What came before is in the tally.
    """
    content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise MalformedReport("too_large", f"the report has more than {max_bytes} bytes")
    text = _decoded(content)
    if not text.strip():
        raise MalformedReport("empty_report", "the report is empty: the run wrote nothing")
    return _Reader(text, tally).read()


class _Reader:
    def __init__(self, text: str, tally: Tally) -> None:
        self._cursor = JsonCursor(text)
        self._tally = tally
        self._before = tally.total
        self._summary: dict[str, Any] = {}
        self._seconds: float | None = None

    def read(self) -> Span:
        if self._cursor.peek() != "{":
            raise MalformedReport("not_ctrf", "this is no CTRF report: it is no JSON object", self._cursor.line)
        found: dict[str, Any] = {}
        try:
            has_results = False
            for name in self._cursor.members():
                if name == "results" and self._cursor.peek() == "{":
                    self._read_results()
                    has_results = True
                else:
                    found[name] = None
                    self._cursor.value()
            self._cursor.end()
        except JsonFault as fault:
            raise self._malformed(fault) from None
        if not has_results:
            hint = next((f" but {text}" for name, text in _OTHER_FORMATS.items() if name in found), "")
            raise MalformedReport(
                "not_ctrf", f"this is no CTRF report{hint}" if hint else "this is no CTRF report: it has no `results`"
            )
        if self._tally.total == self._before:
            self._count_what_is_stated()
        return self._span()

    def _read_results(self) -> None:
        for name in self._cursor.members():
            if name == "tests" and self._cursor.peek() == "[":
                for fields in self._cursor.elements():
                    if isinstance(fields, dict):
                        self._count(CtrfCase(fields))
                continue
            value = self._cursor.value()
            if name in ("summary", "totals") and isinstance(value, dict):
                self._summary = value
            elif name == "environment" and isinstance(value, dict) and isinstance(value.get("appName"), str):
                self._tally.name(shorten(plain(value["appName"]).strip(), MAX_NAME))

    def _count(self, case: CtrfCase) -> None:
        self._tally.count(case.name, case.outcome, case.failure())
        seconds = case.seconds
        if seconds is not None:
            self._seconds = (self._seconds or 0.0) + seconds

    def _count_what_is_stated(self) -> None:
        """Count failures that the report states without naming a test: something kept the tests from being found."""
        stated = self._summary.get("failed")
        if isinstance(stated, int) and 0 < stated <= MAX_STATED:
            text = f"the report states {stated} failed test{'s' if stated > 1 else ''} and names none"
            self._tally.count_unnamed_errors(stated, Failure(name="(no name)", message=text))

    def _span(self) -> Span:
        start, stop = _moment(self._summary.get("start")), _moment(self._summary.get("stop"))
        between = (stop - start).total_seconds() if start and stop and stop > start else None
        return Span(start, between or milliseconds(self._summary.get("duration")) or self._seconds)

    def _malformed(self, fault: JsonFault) -> MalformedReport:
        line = self._cursor.line_of(fault.at)
        if not fault.is_end:
            return MalformedReport("malformed_json", f"no JSON: {fault}", line)
        total = self._tally.total
        counted = f" after {total} test{'' if total == 1 else 's'}" if total else ""
        return MalformedReport("truncated", f"the report ends in the middle{counted}: was the run killed?", line)


def _decoded(content: bytes) -> str:
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def _moment(value: object) -> datetime | None:
    """Read a point in time, in milliseconds since 1970; 0 is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if value >= _LEAST_MILLISECONDS else value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
