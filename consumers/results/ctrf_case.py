"""One test of a CTRF report: from what its emitter wrote to one outcome, one name, one failure.

Emitters agree on the names of fields and on little else: `suite` is a text or a list, a name may hold its suite
already, and what CTRF has no status for hides behind `other`. The rules stand here; they know nothing of files.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from consumers.contract.clock_text import MAX_DURATION
from consumers.contract.events import Failure, TestOutcome
from consumers.contract.texts import MAX_LONG_TEXT, MAX_NAME, MAX_SHORT_TEXT, MAX_TRACE, shorten
from consumers.results.bounded_text import BoundedText

#: Words in `rawStatus` of a test that broke before it could fail (pytest, .NET, Java and others).
_BROKEN = frozenset({"error", "errored", "broken", "aborted", "crashed", "setup_failed", "teardown_failed"})
#: Words that `other` may mean: nobody knows whether such a test would have failed.
_UNKNOWN = _BROKEN | {"timeout", "timedout", "timed_out", "interrupted"}
#: What joins the parts of a suite in the older schema.
_JOINTS = re.compile(r"\s+(?:>|›|»|/)\s+")
#: Terminal sequences (ECMA-48), and characters that no event may hold.
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CtrfCase:
    """A test as its emitter wrote it; `fields` is one entry of `results.tests`."""

    fields: dict[str, Any]

    @property
    def name(self) -> str:
        """What people call the test: its suite and name, without its file, without saying the same twice."""
        name = self._text("name").strip()
        parts = [part for part in self._suite() if part and not self._is_file(part)]
        if not name:
            return shorten(" › ".join(parts) or "(no name)", MAX_NAME)
        said = (" ".join(parts), parts[-1] if parts else "")
        # Jest writes the suite before the name, pytest the whole path of the test.
        if not parts or name.startswith(said[0]) or said[1] == name or f"::{said[1]}::" in name:
            return shorten(name, MAX_NAME)
        return shorten(" › ".join([*parts, name]), MAX_NAME)

    @property
    def outcome(self) -> TestOutcome:
        """What became of it. A test with another status ran into something if it says so, else it did not run."""
        status = self._text("status").strip().lower()
        raw = self._text("rawStatus").strip().replace("-", "_").lower()
        if status == "passed":
            return "flaky" if self._is_flaky() else "passed"
        if status == "failed":
            return "error" if raw in _BROKEN else "failed"
        if status in ("skipped", "pending"):
            return "skipped"
        return "error" if raw in _UNKNOWN or self._text("trace") else "skipped"

    @property
    def seconds(self) -> float | None:
        """How long it took; CTRF has milliseconds."""
        return milliseconds(self.fields.get("duration"))

    def failure(self) -> Failure | None:
        """Return what to tell about a test that failed or could not run."""
        if self.outcome not in ("failed", "error"):
            return None
        kept = BoundedText()
        kept.add(plain(self._text("trace")))
        trace = kept.text().strip("\r\n").rstrip()
        message = plain(self._text("message")).strip()
        message = message or next((line.strip() for line in trace.splitlines() if line.strip()), "")
        return Failure(
            name=self.name,
            file=shorten(self._place(), MAX_SHORT_TEXT) or None,
            message=shorten(message, MAX_LONG_TEXT) or None,
            trace=shorten(trace, MAX_TRACE) if trace and trace != message else None,
            duration_seconds=self.seconds,
            owner=shorten(self._owner(), MAX_NAME) or None,
        )

    def _is_flaky(self) -> bool:
        """Say whether it passed after it failed: `flaky`, in the older schema `flake`, else the number of retries."""
        for name in ("flaky", "flake"):
            if isinstance(self.fields.get(name), bool):
                return bool(self.fields[name])
        retries = self.fields.get("retries", self.fields.get("retry"))
        return isinstance(retries, int) and not isinstance(retries, bool) and retries > 0

    def _suite(self) -> list[str]:
        suite = self.fields.get("suite")
        if isinstance(suite, str):
            return [plain(part).strip() for part in _JOINTS.split(suite)]
        return [plain(part).strip() for part in suite if isinstance(part, str)] if isinstance(suite, list) else []

    def _is_file(self, part: str) -> bool:
        file = self._file().replace("\\", "/")
        return bool(file) and (file == part or file.endswith("/" + part.replace("\\", "/")))

    def _file(self) -> str:
        return (self._text("filePath") or self._text("filepath")).strip()

    def _place(self) -> str:
        line = self.fields.get("line")
        file = self._file()
        return f"{file}:{line}" if file and isinstance(line, int) and not isinstance(line, bool) and line > 0 else file

    def _owner(self) -> str:
        """Return who looks after it: CTRF has no field for that, and emitters put it into labels."""
        for name in ("labels", "extra"):
            found = self.fields.get(name)
            if isinstance(found, dict) and isinstance(found.get("owner"), str):
                return plain(found["owner"]).strip()
        return ""

    def _text(self, name: str) -> str:
        """Return a field's text; a list of lines is one text."""
        value = self.fields.get(name)
        if isinstance(value, list):
            value = "\n".join(line for line in value if isinstance(line, str))
        return plain(value) if isinstance(value, str) else ""


def plain(text: str) -> str:
    """Take terminal sequences out of a text; characters that no event may hold become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", _TERMINAL.sub("", text))


def milliseconds(value: object) -> float | None:
    """Return milliseconds as seconds; None for what is no duration."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    seconds = value / 1000
    return seconds if 0 <= seconds <= MAX_DURATION else None
