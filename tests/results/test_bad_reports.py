"""Reports that are broken, hostile or of another kind: mended, or refused with file and line."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract import Counts
from consumers.contract.tally import MAX_FAILURES, MAX_TESTS, Results, Tally
from consumers.results.junit import MAX_DEPTH, MAX_TAG, read_junit
from consumers.results.malformed import MalformedReport
from consumers.results.reports import find_reports, read_reports

EXAMPLE = Path(__file__).parents[2] / "examples" / "junit.xml"


def read(content: bytes | str) -> Results:
    tally = Tally()
    span = read_junit(io.BytesIO(content.encode() if isinstance(content, str) else content), tally)
    return tally.results(span.seconds, span.start)


def refusal(content: bytes | str) -> MalformedReport:
    with pytest.raises(MalformedReport) as caught:
        read(content)
    return caught.value


def suite(inner: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite name="s">\n{inner}\n</testsuite>\n'


@pytest.mark.parametrize(
    ("content", "reason", "line", "words"),
    [
        ("", "empty_report", 0, "wrote nothing"),
        (" \n ", "empty_report", 0, "wrote nothing"),
        ('<?xml version="1.0"?>\n', "truncated", 2, "was the run killed"),
        ('<testsuite>\n<testcase name="a"/>\n<testcase na', "truncated", 3, "after 1 test"),
        ('<testsuite>\n<testcase name="a"/>\n', "truncated", 3, "after 1 test"),
        ("<testsuite>\n<testcase><failure><![CDATA[abc", "truncated", 2, "was the run killed"),
        ("<testsuite>\n<testcase></testsuite>", "malformed_xml", 2, "mismatched tag"),
        ("<testsuite>\n\n<testcase name='AT&T'/></testsuite>", "malformed_xml", 3, "not well-formed"),
        ("<testsuite/>\nlog line", "malformed_xml", 2, "junk after document element"),
        ("not XML", "malformed_xml", 1, "no XML"),
        (b"\x1f\x8b\x08\x00gzip", "malformed_xml", 1, "no XML"),
        ('<?xml version="1.0"?>\n<!DOCTYPE testsuite>\n<testsuite/>', "doctype_refused", 2, "DOCTYPE"),
        ('<TestRun id="1"></TestRun>', "not_junit", 1, "JunitXml.TestLogger"),
        ("<html><body/></html>", "not_junit", 1, "an HTML page"),
        ("<assemblies/>", "not_junit", 1, "xUnit.net"),
        ('<a xmlns="x"/>', "not_junit", 1, "root element <a>"),
        ("<testcase/>", "not_junit", 1, "root element <testcase>"),
    ],
)
def test_a_broken_report_is_refused_with_reason_line_and_plain_words(
    content: bytes | str, reason: str, line: int, words: str
) -> None:
    refused = refusal(content)
    assert (refused.reason, refused.line) == (reason, line)
    assert words in refused.text


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "1234567890"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        '<!ENTITY c SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;',
    ],
)
def test_entities_are_never_expanded_or_fetched(subset: str) -> None:
    refused = refusal(f"<!DOCTYPE testsuite [{subset}]><testsuite name='&c;'/>")
    assert refused.reason == "doctype_refused"


def test_what_was_read_before_the_fault_is_counted_and_the_file_is_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.xml"
    text = EXAMPLE.read_text(encoding="utf-8")[:9000]
    cut.write_text(text, encoding="utf-8")
    whole = text.count(" />\n") + text.count("</testcase>\n")
    results, faults = read_reports([cut, EXAMPLE])
    assert [fault.reason for fault in faults] == ["truncated"]
    place = f"{cut}, line {text.count(chr(10)) + 1}: the report ends in the middle after {whole} tests"
    assert str(faults[0]).startswith(place)
    assert results.counts.total == 214 + whole


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    _, faults = read_reports([tmp_path / "none.xml"])
    assert str(faults[0]) == f"{tmp_path / 'none.xml'}: no such file or directory"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[1;31mred\x1b[0m\x08", "a\ufffdbred\ufffd"),
        ("a&#0;b&#x1b;[31mred&#27;[0m", "a\ufffdbred"),
        ("a&#xFFFE;b&#xD800;&#x110000;", "a\ufffdb\ufffd\ufffd"),
        ("a\ufffe\uffffb", "a\ufffd\ufffdb"),
        ("#x1B[31mred#x1B[0m &#65;&amp;&#128512;", "red A&😀"),
        ("tab&#9;end", "tab\tend"),
    ],
)
def test_characters_that_xml_forbids_are_mended(text: str, shown: str) -> None:
    results = read(suite(f'<testcase name="t"><failure message="{text}"/></testcase>'))
    assert results.failures[0].message == shown
    results = read(suite(f'<testcase name="t"><failure message="x">{text}</failure></testcase>'))
    assert results.failures[0].trace == shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "iso-8859-1", "windows-1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    text = suite('<testcase name="größer"/>').replace("utf-8", encoding)
    assert [test.name for test in read(text.encode(encoding)).tests] == ["s › größer"]


@pytest.mark.parametrize("declared", ["utf-16", "utf-32", "no-such-encoding", "hex", "rot13"])
def test_a_wrong_declaration_does_not_hide_what_is_utf8(declared: str) -> None:
    text = suite('<testcase name="größer"/>').replace("utf-8", declared)
    assert [test.name for test in read(text).tests] == ["s › größer"]


def test_bytes_of_another_encoding_cost_one_character() -> None:
    content = suite('<testcase name="gr_er"/>').encode().replace(b"_", b"\xf6")
    assert [test.name for test in read(content).tests] == ["s › gr\ufffder"]


def test_blank_lines_before_the_declaration_are_forgiven() -> None:
    assert read("\n\n" + suite('<testcase name="t"/>')).counts.total == 1


class _Endless(io.RawIOBase):
    """A report that is made while it is read: `head`, then `piece` until `size` bytes, then `tail`."""

    def __init__(self, head: bytes, piece: bytes, size: int, tail: bytes) -> None:
        self._chunks = self._make(head, piece, size, tail)

    def _make(self, head: bytes, piece: bytes, size: int, tail: bytes) -> Iterator[bytes]:
        yield head
        many = piece * max(1, 200_000 // len(piece))
        for _ in range(size // len(many)):
            yield many
        yield tail

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._chunks, b"")


def peak_of(stream: io.RawIOBase) -> tuple[Results | MalformedReport, int]:
    """Read a report and return what came of it with the peak of memory in bytes."""
    tally = Tally()
    tracemalloc.start()
    try:
        span = read_junit(stream, tally)  # type: ignore[arg-type]
        found: Results | MalformedReport = tally.results(span.seconds, span.start)
    except MalformedReport as fault:
        found = fault
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(_Endless(b"<testsuite>", b'<testcase name="t"/>', 4_000_000, b"</testsuite>"), id="tests"),
        pytest.param(
            _Endless(
                b"<testsuite><testcase name='t'><system-out>",
                b"noise\n",
                60_000_000,
                b"</system-out></testcase></testsuite>",
            ),
            id="printed text",
        ),
        pytest.param(
            _Endless(b"<testsuite><testcase><failure>", b"trace\n", 60_000_000, b"</failure></testcase></testsuite>"),
            id="one trace",
        ),
    ],
)
def test_memory_does_not_grow_with_the_report(stream: io.RawIOBase) -> None:
    found, peak = peak_of(stream)
    assert isinstance(found, Results)
    assert peak < 12_000_000


def test_one_endless_tag_is_refused() -> None:
    found, peak = peak_of(_Endless(b'<testsuite name="', b"x", 80_000_000, b'"/>'))
    assert isinstance(found, MalformedReport)
    assert found.reason == "too_large"
    assert peak < 6 * MAX_TAG


def test_a_report_above_the_limit_is_refused() -> None:
    stream = _Endless(b"<testsuite>", b"<testcase/>\n", 3_000_000, b"</testsuite>")
    with pytest.raises(MalformedReport, match="more than 1000000 bytes"):
        read_junit(stream, Tally(), max_bytes=1_000_000)  # type: ignore[arg-type]


def test_endless_nesting_is_refused() -> None:
    assert refusal("<testsuite>" * (MAX_DEPTH + 1)).reason == "too_deep"


def test_failures_and_tests_beyond_the_limits_are_counted_and_said() -> None:
    cases = '<testcase name="t"><failure message="m"/></testcase>' * (MAX_FAILURES + 5) + "<testcase/>" * MAX_TESTS
    results = read(suite(cases))
    assert results.counts == Counts(total=MAX_FAILURES + 5 + MAX_TESTS, passed=MAX_TESTS, failed=MAX_FAILURES + 5)
    assert (len(results.failures), results.tests) == (MAX_FAILURES, ())
    assert results.shortened == {"failures": 5, "tests": MAX_FAILURES + 5 + MAX_TESTS}


def test_a_long_trace_keeps_its_head_and_its_tail() -> None:
    results = read(suite(f"<testcase><failure>first line\n{'x' * 100_000}\nlast line</failure></testcase>"))
    trace = results.failures[0].trace
    assert trace is not None
    assert trace.startswith("first line\nxxx")
    assert "… (+80121 characters) …" in trace
    assert trace.endswith("xxx\nlast line")
    assert len(trace) <= 20_000


@pytest.mark.parametrize("attributes", ['tests="99" failures="7"', 'tests="-1" failures="x"', ""])
def test_totals_in_attributes_are_never_trusted(attributes: str) -> None:
    content = f'<testsuites {attributes}><testsuite {attributes}><testcase name="a"/></testsuite></testsuites>'
    assert read(content).counts == Counts(total=1, passed=1)


def test_a_stated_number_of_errors_without_cases_is_bounded() -> None:
    assert read('<testsuite errors="99999999999999999999"/>').counts == Counts()
    assert read('<testsuite errors="12345678"/>').counts.errors == 100_000


def test_a_pattern_a_folder_and_a_name_find_each_report_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.xml", "a/y.xml", "a/b/z.xml", "a/log.txt", "[1].xml"):
        (tmp_path / name).write_text("")
    one = [str(tmp_path / "*.xml")]
    assert [path.name for path in find_reports(one)] == ["[1].xml", "x.xml"]
    assert [path.name for path in find_reports([str(tmp_path / "**" / "*.xml")])] == [
        "[1].xml",
        "z.xml",
        "y.xml",
        "x.xml",
    ]
    assert len(find_reports([str(tmp_path), *one, str(tmp_path / "x.xml"), str(tmp_path / "a/../x.xml")])) == 4
    assert [path.name for path in find_reports([str(tmp_path / "[1].xml")])] == ["[1].xml"]
    assert find_reports([str(tmp_path / "none*.xml")]) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for shape in (content, b"<testsuite>" + content, b"<testsuite><testcase><failure>" + content):
        with contextlib.suppress(MalformedReport):
            read(shape)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(
        st.tuples(names, st.sampled_from(["", "failure", "error", "skipped", "flakyFailure", "rerunFailure", "both"])),
        max_size=30,
    ),
    st.integers(1, 60),
)
def test_every_case_is_counted_once_wherever_the_chunks_are_cut(cases: list[tuple[str, str]], size: int) -> None:
    inner = ""
    for name, kind in cases:
        marks = "<failure/><rerunFailure/><error/>" if kind == "both" else f"<{kind}/>" if kind else ""
        quoted = "".join(f"&#{ord(char)};" for char in name)
        inner += f'<testcase name="{quoted}">{marks}</testcase>'
    content = suite(inner).encode()
    chunks = iter([content[at : at + size] for at in range(0, len(content), size)])

    class Pieces(io.RawIOBase):
        def read(self, _size: int = -1, /) -> bytes:
            return next(chunks, b"")

    tally = Tally()
    read_junit(Pieces(), tally)  # type: ignore[arg-type]
    kinds = [kind for _, kind in cases]
    flaky = kinds.count("flakyFailure") + kinds.count("rerunFailure")
    assert tally.results(None, None).counts == Counts(
        total=len(cases),
        passed=kinds.count("") + flaky,
        failed=kinds.count("failure") + kinds.count("both"),
        errors=kinds.count("error"),
        skipped=kinds.count("skipped"),
        flaky=flaky,
    )
