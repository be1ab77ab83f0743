"""read_junit: counts one JUnit XML report as a stream, in memory that does not grow with it.

The format is what runners write, not one schema: nested suites, missing or wrong totals, missing times, marks of
reruns. Test cases are counted; totals in attributes are believed only where a suite names no case at all
(collection errors). A DOCTYPE is refused, so no entity is ever expanded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from xml.parsers import expat

from consumers.contract.clock_text import read_seconds, read_timestamp
from consumers.contract.events import Failure
from consumers.contract.tally import Tally
from consumers.contract.texts import MAX_NAME, shorten
from consumers.results.bounded_text import BoundedText
from consumers.results.junit_case import ERROR, FAILED, GENERIC_NAMES, MARKS, Case
from consumers.results.malformed import MalformedReport
from consumers.results.span import Span, earlier
from consumers.results.xml_bytes import clean, sound_chunks

#: Bytes of one report after decoding; a report is read as a stream, so this only ends endless input.
MAX_REPORT = 1_000_000_000
#: Bytes of one tag with its attributes, the only thing the parser must hold as a whole.
MAX_TAG = 16 * 1024 * 1024
#: Levels of elements; real reports have about six.
MAX_DEPTH = 200
#: Unnamed errors one suite may state: a larger number is a mistake, not a count.
MAX_STATED = 100_000

_OTHER_FORMATS = {
    "testrun": "a TRX report; let `dotnet test` log with JunitXml.TestLogger",
    "test-run": "an NUnit report; convert it to JUnit",
    "test-results": "an NUnit report; convert it to JUnit",
    "assemblies": "an xUnit.net report; convert it to JUnit",
    "testng-results": "a TestNG report; take the JUnit reports beside it",
    "html": "an HTML page",
    "coverage": "a coverage report",
    "report": "a coverage report",
    "checkstyle": "a Checkstyle report",
}


@dataclass(slots=True)
class _Suite:
    """A suite while it is read. `total_before` is the tally when it began."""

    name: str
    file: str
    stated_seconds: float | None
    stated_errors: int
    total_before: int
    seconds: float | None = None

    def took(self, seconds: float | None) -> None:
        if seconds is not None:
            self.seconds = (self.seconds or 0.0) + seconds


def read_junit(stream: BinaryIO, tally: Tally, *, max_bytes: int = MAX_REPORT) -> Span:
    """Count every test of a report in `tally`; return when its run was.

    How long: what `<testsuites>` states, unless that is nothing or zero; then the sum over its suites, each with
    what it states, else with the sum of what it contains.

    Raises:
        MalformedReport: with the line. What came before is in the tally.
    """
    return _Reader(tally).read(stream, max_bytes)


class _Reader:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._suites: list[_Suite] = []
        self._depth = 0
        self._case: Case | None = None
        self._case_depth = 0
        self._text: BoundedText | None = None
        self._text_depth = 0
        self._failed_before: Case | None = None
        self._start: datetime | None = None
        self._seconds: float | None = None
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.buffer_size = 64 * 1024
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, stream: BinaryIO, max_bytes: int) -> Span:
        """Feed the whole stream to the parser."""
        fed = 0
        try:
            for chunk in sound_chunks(stream):
                fed += len(chunk)
                if fed > max_bytes:
                    raise self._fault("too_large", f"the report has more than {max_bytes} bytes")
                self._parser.Parse(chunk, False)
                if fed - self._parser.CurrentByteIndex > MAX_TAG:
                    raise self._fault("too_large", f"one tag has more than {MAX_TAG} bytes")
            if fed == 0:
                raise MalformedReport("empty_report", "the report is empty: the run wrote nothing")
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._broken(error) from None
        return Span(self._start, self._seconds)

    def _broken(self, error: expat.ExpatError) -> MalformedReport:
        """Tell a report that ends too soon from one that is no XML."""
        cut_off = (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
        text = expat.ErrorString(error.code)
        if text in (*cut_off, expat.errors.XML_ERROR_PARTIAL_CHAR, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION):
            total = self._tally.total
            counted = f" after {total} test{'' if total == 1 else 's'}" if total else ""
            return MalformedReport(
                "truncated", f"the report ends in the middle{counted}: was the run killed?", error.lineno
            )
        return MalformedReport("malformed_xml", f"no XML: {text} (column {error.offset + 1})", error.lineno)

    def _fault(self, reason: str, text: str) -> MalformedReport:
        return MalformedReport(reason, text, self._parser.CurrentLineNumber)

    def _doctype(self, *_: object) -> None:
        raise self._fault("doctype_refused", "the report has a DOCTYPE, which a test runner never writes")

    def _begin(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault("too_deep", f"elements are nested deeper than {MAX_DEPTH} levels")
        tag = element.rpartition(":")[2].lower()
        if tag in ("testsuite", "testsuites"):
            self._begin_suite(tag, attributes)
        elif self._depth == 1:
            found = _OTHER_FORMATS.get(tag, f"XML with the root element <{clean(element)[:40]}>")
            raise self._fault("not_junit", f"this is no JUnit report but {found}")
        elif tag == "testcase" and self._case is None:
            suite = self._suites[-1]
            self._case, self._case_depth = Case(attributes, suite.name, suite.file), self._depth
        elif self._case is not None:
            self._begin_inside_case(tag, attributes)
        elif tag in ("error", "failure"):
            # Beside the cases: what went wrong with the suite itself, such as a file that cannot be imported.
            suite = self._suites[-1]
            self._case, self._case_depth = Case({"name": suite.name}, suite.name, suite.file), self._depth
            self._case.mark(ERROR, attributes.get("message", ""), attributes.get("type", ""))
            self._collect()

    def _begin_suite(self, tag: str, attributes: dict[str, str]) -> None:
        name = shorten(clean(attributes.get("name", "")).strip(), MAX_NAME)
        if len(self._suites) <= 1:
            outer = self._suites[0].name if self._suites else ""
            if outer.lower() in GENERIC_NAMES and name.lower() not in GENERIC_NAMES:
                self._tally.name(name)
            started = read_timestamp(attributes.get("timestamp"))
            self._start = earlier(self._start, started)
        seconds = read_seconds(attributes.get("time"))
        outer_file = self._suites[-1].file if self._suites else ""
        self._suites.append(
            _Suite(
                name=name,
                file=clean(attributes.get("file", "")).strip() or outer_file,
                stated_seconds=seconds,
                stated_errors=_count(attributes.get("errors")) + _count(attributes.get("failures")),
                total_before=self._tally.total,
            )
        )

    def _begin_inside_case(self, tag: str, attributes: dict[str, str]) -> None:
        assert self._case is not None
        mark = MARKS.get(tag) if self._text is None else None
        if mark is not None:
            self._case.mark(mark, attributes.get("message", ""), attributes.get("type", ""))
            if mark in (FAILED, ERROR):
                self._collect()
        elif tag == "property" and attributes.get("name", "").lower() == "owner":
            self._case.owner = clean(attributes.get("value", ""))

    def _collect(self) -> None:
        """Keep the text from here to the end of the element that has just begun."""
        self._text = BoundedText()
        self._text_depth = self._depth
        self._parser.CharacterDataHandler = self._text.add

    def _end(self, element: str) -> None:
        if self._text is not None and self._depth == self._text_depth:
            assert self._case is not None
            self._case.trace = self._case.trace or self._text.text()
            self._text = None
            self._parser.CharacterDataHandler = None
        if self._case is not None and self._depth == self._case_depth:
            self._settle(self._case)
            self._case = None
        elif self._case is None and element.rpartition(":")[2].lower() in ("testsuite", "testsuites"):
            self._end_suite(self._suites.pop())
        self._depth -= 1

    def _settle(self, case: Case) -> None:
        self._suites[-1].took(case.seconds)
        outcome = case.outcome
        before, self._failed_before = self._failed_before, case if outcome == "failed" else None
        if before is not None and case.is_late_teardown_error and case.name == before.name:
            return
        self._tally.count(case.name, outcome, case.failure())

    def _end_suite(self, suite: _Suite) -> None:
        if suite.stated_errors and self._tally.total == suite.total_before:
            number = suite.stated_errors
            text = f"the report states {number} error{'s' if number > 1 else ''} and names no test"
            failure = Failure(name=suite.name or "(no name)", file=suite.file or None, message=text)
            self._tally.count_unnamed_errors(number, failure)
        seconds = suite.stated_seconds or suite.seconds or suite.stated_seconds
        if self._suites:
            self._suites[-1].took(seconds)
        else:
            self._seconds = seconds


def _count(text: str | None) -> int:
    digits = (text or "").strip()
    return min(int(digits), MAX_STATED) if digits.isascii() and digits.isdigit() and len(digits) < 9 else 0
