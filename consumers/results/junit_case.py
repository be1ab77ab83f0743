"""One test case of a JUnit report: from its elements to one outcome, one name, one failure.

Here stand the rules that make reports of different runners mean the same. They know nothing of parsing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consumers.contract.clock_text import read_seconds
from consumers.contract.events import Failure, TestOutcome
from consumers.contract.texts import MAX_LONG_TEXT, MAX_NAME, MAX_SHORT_TEXT, MAX_TRACE, shorten
from consumers.results.xml_bytes import clean

#: What a child of a test case says of it. Surefire and others write a test that passed at a later try with
#: flaky…, and one that failed at every try with rerun… beside its failure.
FAILED, ERROR, SKIPPED, FLAKY, RERUN = "failed", "error", "skipped", "flaky", "rerun"
MARKS = {
    "failure": FAILED,
    "error": ERROR,
    "skipped": SKIPPED,
    "disabled": SKIPPED,
    "flakyfailure": FLAKY,
    "flakyerror": FLAKY,
    "rerunfailure": RERUN,
    "rerunerror": RERUN,
}
#: Values of `status` or `result` that mean a test did not run (googletest, CTest and others).
_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "suppressed", "ignored"})
#: Messages that say no more than the element itself does (go-junit-report, mocha and others).
_SAY_NOTHING = frozenset({"", "failed", "failure", "error", "test failed", "none", "null", "undefined"})
#: Names of classes and suites that runners write when there is none; they say nothing about the test.
GENERIC_NAMES = frozenset(
    {
        "",
        "test",
        "tests",
        "pytest",
        "pytest tests",
        "jest tests",
        "mocha tests",
        "root suite",
        "alltests",
        "nextest-run",
        "suite",
        "junit",
    }
)
#: How pytest begins the message of an error in the teardown of a test that it has reported already.
TEARDOWN_ERROR = "failed on teardown with "


@dataclass(slots=True)
class Case:
    """A test case while it is read; its suite's name and file stand in where it names none."""

    attributes: Mapping[str, str]
    suite_name: str = ""
    suite_file: str = ""
    owner: str = ""
    marks: set[str] = field(default_factory=set)
    message: str = ""
    kind: str = ""
    trace: str = ""

    @property
    def name(self) -> str:
        """What people call the test: its class (else its suite) and name, without saying the same twice."""
        name = _attribute(self.attributes, "name").strip()
        group, joint = _attribute(self.attributes, "classname").strip(), "."
        if group.lower() in GENERIC_NAMES:
            group, joint = self.suite_name, " › "
        if " " in group:
            joint = " › "
        if not name or group.lower() in GENERIC_NAMES or _begins_or_ends_with(name, group):
            return shorten(name or group or "(no name)", MAX_NAME)
        return shorten(f"{group}{joint}{name}", MAX_NAME)

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return read_seconds(self.attributes.get("time"))

    @property
    def outcome(self) -> TestOutcome:
        """What became of it. A failure outweighs an error, both outweigh a mark of being skipped."""
        if FAILED in self.marks:
            return "failed"
        if ERROR in self.marks:
            return "error"
        if SKIPPED in self.marks or self._did_not_run():
            return "skipped"
        return "flaky" if self.marks & {FLAKY, RERUN} else "passed"

    def _did_not_run(self) -> bool:
        status, result = self.attributes.get("status", ""), self.attributes.get("result", "")
        return status.lower() in _NOT_RUN or result.lower() in _NOT_RUN

    def mark(self, mark: str, message: str, kind: str) -> None:
        """Note a child that says what became of the test; the first failure gives the message."""
        if mark in (FAILED, ERROR) and not self.marks & {FAILED, ERROR}:
            self.message, self.kind = clean(message).strip(), clean(kind).strip()
        self.marks.add(mark)

    def failure(self) -> Failure | None:
        """Return what to tell about a test that failed or could not run."""
        if self.outcome not in ("failed", "error"):
            return None
        trace = clean(self.trace).strip("\r\n").rstrip()
        message = self.message
        if message.lower() in _SAY_NOTHING:
            message = next((line.strip() for line in trace.splitlines() if line.strip()), self.kind)
        file = _attribute(self.attributes, "file").strip() or self.suite_file
        line = self.attributes.get("line", "")
        return Failure(
            name=self.name,
            file=shorten(f"{file}:{line}" if file and line.isdigit() else file, MAX_SHORT_TEXT) or None,
            message=shorten(message, MAX_LONG_TEXT) or None,
            trace=shorten(trace, MAX_TRACE) if trace and trace != message else None,
            duration_seconds=self.seconds,
            owner=shorten(self.owner.strip(), MAX_NAME) or None,
        )

    @property
    def is_late_teardown_error(self) -> bool:
        """Say whether this is pytest's second element for a test that failed and then broke in its teardown."""
        return self.marks == {ERROR} and self.message.startswith(TEARDOWN_ERROR)


def _begins_or_ends_with(name: str, group: str) -> bool:
    """Say whether a name holds its class already: Jest writes it before the name, mocha writes it twice."""
    if len(name) <= len(group):
        return name == group
    beside = name[len(group)] if name.startswith(group) else name[-len(group) - 1] if name.endswith(group) else "x"
    return not (beside.isalnum() or beside == "_")


def _attribute(attributes: Mapping[str, str], name: str) -> str:
    return clean(attributes.get(name, ""))
