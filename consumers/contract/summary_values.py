"""What is said of many runs: a summary over a period, and the request for one."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from .period_names import PERIOD_NAMES, is_period_name
from .run_values import Counts
from .texts import Count, Name, ProfileName, Seconds, ShortText
from .times import Instant, MaybeInstant
from .values import EventData, Value


class Period(Value):
    """A span of time: `from` is included, `to` is not."""

    from_: Instant = Field(alias="from")
    to: Instant

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if self.to < self.from_:
            raise ValueError("`to` lies before `from`")
        return self


class Totals(Counts):
    """Counts over several runs."""

    runs: Count = 0


Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SuiteSummary(Value):
    """One suite in a period. `passed` and `failed` count runs; rates are 0 to 1; `trend` holds them, oldest first."""

    suite: Name
    runs: Count = 0
    passed: Count = 0
    failed: Count = 0
    pass_rate: Rate | None = None
    pass_rate_before: Rate | None = None
    duration_seconds: Seconds | None = None
    trend: tuple[Rate | None, ...] = ()


class WorstTest(Value):
    """A test that failed more often than others; `since` is when it began to fail, absent once it no longer does."""

    name: Name
    suite: Name | None = None
    branch: Name | None = None
    failures: Count = 0
    since: MaybeInstant = None


class SlowSuite(Value):
    """A suite that takes longer than others; the durations are those of one run."""

    suite: Name
    duration_seconds: Seconds
    duration_before: Seconds | None = None


class FlakyTest(Value):
    """A test that failed and then passed in one run, so many `times`."""

    name: Name
    suite: Name | None = None
    times: Count = 0


class SummaryReadyData(EventData):
    """A summary over a period is ready to be sent."""

    title: Name
    period: Period | None = None
    totals: Totals = Totals()
    #: The same of the period before, for comparison.
    totals_before: Totals | None = None
    suites: tuple[SuiteSummary, ...] = ()
    worst: tuple[WorstTest, ...] = ()
    slowest: tuple[SlowSuite, ...] = ()
    flaky: tuple[FlakyTest, ...] = ()


def _period_or_name(value: object) -> object:
    """Refuse what is neither an object nor the name of a period; the object is for `Period` to read."""
    if not isinstance(value, dict | Period) and not (isinstance(value, str) and is_period_name(value)):
        raise ValueError(f"must be {PERIOD_NAMES}, or an object with `from` and `to`")
    return value


class ReportRequestedData(EventData):
    """Somebody asks for a summary of recorded runs: of a `period`, or of what finished `since` a time.

    `suite` and `suites` are names or patterns (`*` any text, `?` one character), all of them together; `runs_of`
    keeps to runs that were told through that profile. Without a period it is the last 24 hours.
    """

    title: Name | None = None
    suite: Name | None = None
    suites: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    branch: Name | None = None
    environment: Name | None = None
    runs_of: ProfileName | None = None
    since: MaybeInstant = None
    until: MaybeInstant = None
    period: Annotated[Period | ShortText, BeforeValidator(_period_or_name)] | None = None
    skip_empty: bool = False

    @model_validator(mode="after")
    def _says_when_once(self) -> Self:
        if self.period is not None and (self.since or self.until):
            raise ValueError("says `period` and also `since` or `until`: one of them")
        if self.until is not None and self.since is None:
            raise ValueError("says `until` without `since`")
        if self.since and self.until and self.until < self.since:
            raise ValueError("says an `until` that lies before `since`")
        return self
