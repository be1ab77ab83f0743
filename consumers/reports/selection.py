"""Selection: which recorded runs a report is about, by suite, branch, environment and profile. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import ColumnElement

from consumers.contract.events import ReportRequestedData
from consumers.ledger.run_tables import runs


@dataclass(frozen=True, slots=True)
class Selection:
    """Which runs; an empty `suites` and None mean any. `suites` are names or patterns with `*` and `?`."""

    suites: tuple[str, ...] = ()
    branch: str | None = None
    environment: str | None = None
    runs_of: str | None = None
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", tuple(_pattern(name) for name in self.suites))

    @classmethod
    def of(cls, data: ReportRequestedData) -> Self:
        """Return the selection of a request."""
        suites = (*((data.suite,) if data.suite is not None else ()), *data.suites)
        return cls(tuple(dict.fromkeys(suites)), data.branch, data.environment, data.runs_of)

    def takes_suite(self, suite: str) -> bool:
        """Say whether a suite is among them; capitals count."""
        return not self._patterns or any(pattern.fullmatch(suite) for pattern in self._patterns)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what the database can decide; names it knows, patterns are left to `takes_suite`."""
        found: list[ColumnElement[bool]] = []
        if self.suites and not any(set("*?") & set(name) for name in self.suites):
            found.append(runs.c.suite.in_(self.suites))
        for column, value in (
            (runs.c.branch, self.branch),
            (runs.c.environment, self.environment),
            (runs.c.profile, self.runs_of),
        ):
            if value is not None:
                found.append(column == value)
        return found

    def words(self) -> str:
        """Return the selection as the end of a title, such as `: checkout-api on main`; empty for all runs."""
        told = f": {', '.join(self.suites)}" if self.suites else ""
        told += f" on {self.branch}" if self.branch else ""
        return told + (f" in {self.environment}" if self.environment else "")


def _pattern(name: str) -> re.Pattern[str]:
    """Make the pattern of a name in which only `*` and `?` mean something: brackets are frequent in suites' names."""
    marks = {"*": ".*", "?": "."}
    return re.compile("".join(marks.get(char) or re.escape(char) for char in name), re.DOTALL)
