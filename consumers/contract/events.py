"""The events runmail takes: CloudEvents 1.0 in structured mode, one class a type.

Unknown fields are kept, not refused: an older worker must survive a newer publisher. The classes know what an
event says and nothing of queues, profiles or mail. `source` and `id` together identify an event.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .period_names import PERIOD_NAMES, is_period_name
from .texts import (
    MAX_RECIPIENTS,
    AddressText,
    Count,
    FinishId,
    Identifier,
    JsonMediaType,
    LongText,
    Name,
    ProfileName,
    Seconds,
    ShortText,
    Trace,
    Url,
    WaitingSeconds,
)
from .times import Instant, MaybeInstant
from .tracing import TraceParent, TraceState

Outcome = Literal["passed", "failed", "error", "cancelled", "timed_out"]
TestOutcome = Literal["passed", "failed", "error", "skipped", "flaky"]
Severity = Literal["critical", "warning", "info"]


class Value(BaseModel):
    """A frozen value that keeps fields it does not know and never prints its input in an error."""

    model_config = ConfigDict(
        frozen=True, extra="allow", hide_input_in_errors=True, populate_by_name=True, ser_json_inf_nan="null"
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """Drop fields that are null: many publishers write absent values so."""
        if isinstance(value, dict) and None in value.values():
            return {name: part for name, part in value.items() if part is not None}
        return value


class Counts(Value):
    """Tests by outcome. `flaky` tests passed in the end and are counted in `passed` too."""

    total: Count = 0
    passed: Count = 0
    failed: Count = 0
    errors: Count = 0
    skipped: Count = 0
    flaky: Count = 0

    @model_validator(mode="before")
    @classmethod
    def _sum_up(cls, value: Any) -> Any:
        """Fill a missing total with the sum of the outcomes."""
        if isinstance(value, dict) and "total" not in value:
            parts = [value.get(name, 0) for name in ("passed", "failed", "errors", "skipped")]
            if all(isinstance(part, int) for part in parts):
                return {**value, "total": sum(parts)}
        return value


class Failure(Value):
    """One test that failed or could not run."""

    name: Name
    file: ShortText | None = None
    message: LongText | None = None
    trace: Trace | None = None
    duration_seconds: Seconds | None = None
    owner: Name | None = None


class TestResult(Value):
    """One test, compact: used for trends, never printed in full."""

    __test__ = False  # pytest takes the name for a test class otherwise

    name: Name
    outcome: TestOutcome


class Shard(Value):
    """Which part of a run this is; `index` counts from 1."""

    index: Annotated[int, Field(ge=1, le=10**6)]
    total: Annotated[int, Field(ge=1, le=10**6)]

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.index > self.total:
            raise ValueError(f"there is no part {self.index} of {self.total}")
        return self


class Period(Value):
    """A span of time: `from` is included, `to` is not."""

    from_: Instant = Field(alias="from")
    to: Instant

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if self.to < self.from_:
            raise ValueError("`to` lies before `from`")
        return self


class EventData(Value):
    """What every event's data may carry."""

    profile: ProfileName
    recipients: Annotated[tuple[AddressText, ...], Field(max_length=MAX_RECIPIENTS)] = ()
    url: Url | None = None
    labels: Annotated[dict[Name, ShortText], Field(max_length=100)] = {}
    #: What the publisher left out to stay under 1 MB, such as `{"traces": 12}`.
    shortened: dict[Name, Count] = {}
    #: How many texts that looked like credentials the publisher masked; absent when none.
    masked: Count | None = None


class RunData(EventData):
    """What identifies a test run, at its start and at its end."""

    suite: Name
    branch: Name | None = None
    commit: Name | None = None
    environment: Name | None = None
    run_id: Name | None = None
    started_at: MaybeInstant = None
    shard: Shard | None = None


class RunStartedData(RunData):
    """A test run began: when `finish_id` is not published within the deadline, people are told."""

    finish_id: FinishId
    deadline_seconds: WaitingSeconds


class RunFinishedData(RunData):
    """A test run came to an end."""

    outcome: Outcome
    counts: Counts = Counts()
    duration_seconds: Seconds | None = None
    failures: tuple[Failure, ...] = ()
    tests: tuple[TestResult, ...] = ()
    #: Written by the worker about a run that reported no end: how long it was waited for.
    overdue_after_seconds: WaitingSeconds | None = None


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


class AlertData(EventData):
    """Something needs attention, or no longer does. Equal `key` means the same alert."""

    key: Identifier
    title: Name
    severity: Severity = "warning"
    status: Literal["firing", "resolved"] = "firing"
    description: LongText | None = None
    starts_at: MaybeInstant = None
    ends_at: MaybeInstant = None


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


class CloudEvent(Value):
    """A CloudEvent without its data (CloudEvents 1.0, JSON format, structured mode)."""

    specversion: Literal["1.0"] = "1.0"
    id: Identifier
    source: Identifier
    type: Annotated[str, Field(min_length=1, max_length=200)]
    time: MaybeInstant = None
    datacontenttype: JsonMediaType = "application/json"
    subject: ShortText | None = None
    traceparent: TraceParent = None
    tracestate: TraceState = None

    def to_json(self) -> dict[str, Any]:
        """Return the event as the JSON object that travels; absent values are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)

    def to_json_text(self) -> str:
        """Return the event as compact JSON; the same event always gives the same text.

        Raises:
            ValueError: when a field the classes do not know holds what JSON cannot say.
        """
        return self.model_dump_json(by_alias=True, exclude_none=True)

    @property
    def identity(self) -> tuple[str, str]:
        """`source` and `id`, which together identify the event."""
        return self.source, self.id


class Event(CloudEvent):
    """A fact a publisher states (CloudEvents 1.0, JSON format, structured mode)."""

    data: EventData

    def with_data(self, **changes: Any) -> Self:
        """Return the event with some fields of its data replaced."""
        return self.model_copy(update={"data": self.data.model_copy(update=changes)})


class RunFinished(Event):
    """`runmail.run.finished`: a test run came to an end."""

    type: Literal["runmail.run.finished"] = "runmail.run.finished"
    data: RunFinishedData


class RunStarted(Event):
    """`runmail.run.started`: a test run began, and its end is waited for."""

    type: Literal["runmail.run.started"] = "runmail.run.started"
    data: RunStartedData


class SummaryReady(Event):
    """`runmail.summary.ready`: a summary over a period is ready to be sent."""

    type: Literal["runmail.summary.ready"] = "runmail.summary.ready"
    data: SummaryReadyData


class Alert(Event):
    """`runmail.alert`: something needs attention, or no longer does."""

    type: Literal["runmail.alert"] = "runmail.alert"
    data: AlertData


class ReportRequested(Event):
    """`runmail.report.requested`: a scheduler asks for a summary."""

    type: Literal["runmail.report.requested"] = "runmail.report.requested"
    data: ReportRequestedData


#: The types published to us, by the CloudEvents `type`.
EVENT_TYPES: dict[str, type[Event]] = {
    "runmail.run.finished": RunFinished,
    "runmail.run.started": RunStarted,
    "runmail.summary.ready": SummaryReady,
    "runmail.alert": Alert,
    "runmail.report.requested": ReportRequested,
}
