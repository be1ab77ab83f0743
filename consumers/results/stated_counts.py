"""StatedCounts: counts that somebody gives by hand, alone or beside reports that must say the same."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.contract.events import Counts


class CountsConflict(ValueError):
    """Raised for counts that contradict each other or the reports; the text says which."""


@dataclass(frozen=True, slots=True)
class StatedCounts:
    """Counts as they are stated; None is not stated."""

    total: int | None = None
    passed: int | None = None
    failed: int | None = None
    errors: int | None = None
    skipped: int | None = None
    flaky: int | None = None

    @property
    def stated(self) -> dict[str, int]:
        """What is stated, by name."""
        names = ("total", "passed", "failed", "errors", "skipped", "flaky")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def counts(self) -> Counts:
        """Return the counts when there is no report: what is not stated is 0, and of a stated total the rest passed.

        Raises:
            CountsConflict: when they do not add up.
        """
        others = (self.failed or 0) + (self.errors or 0) + (self.skipped or 0)
        passed = self.passed
        if passed is None:
            passed = max((self.total or 0) - others, 0)
        total = passed + others
        if self.total is not None and self.total != total:
            raise CountsConflict(f"total is {self.total}, but passed, failed, errors and skipped are {total} together")
        if (self.flaky or 0) > passed:
            raise CountsConflict(f"flaky is {self.flaky}, but only {passed} passed: flaky tests are among the passed")
        return Counts(
            total=total,
            passed=passed,
            failed=self.failed or 0,
            errors=self.errors or 0,
            skipped=self.skipped or 0,
            flaky=self.flaky or 0,
        )

    def check(self, reported: Counts) -> None:
        """Make sure that reports say what is stated.

        Raises:
            CountsConflict: when they do not.
        """
        for name, value in self.stated.items():
            found = getattr(reported, name)
            if found != value:
                raise CountsConflict(f"{name} is {value}, but the reports say {found}")
