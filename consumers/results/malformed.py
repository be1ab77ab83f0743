"""MalformedReport: why a file of test results cannot be counted."""

from __future__ import annotations


class MalformedReport(Exception):
    """Raised for a report that cannot be read to its end.

    `reason` is a stable name: `empty_report`, `truncated`, `malformed_xml`, `doctype_refused`, `not_junit`,
    `malformed_json`, `not_ctrf`, `too_large`, `too_deep`, `unreadable_file`. `line` counts from 1 and is 0 where no
    line is meant; `file` is as it was asked for.
    """

    def __init__(self, reason: str, text: str, line: int = 0, file: str = "") -> None:
        self.reason = reason
        self.text = text
        self.line = line
        self.file = file
        place = f"{file}, line {line}: " if file and line else f"{file}: " if file else f"line {line}: " if line else ""
        super().__init__(place + text)

    def in_file(self, file: str) -> MalformedReport:
        """Return the same with the file named."""
        return MalformedReport(self.reason, self.text, self.line, file)
