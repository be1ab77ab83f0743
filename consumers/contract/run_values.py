"""What a publisher says of one test run, at its start and at its end."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .texts import Count, FinishId, LongText, Name, Seconds, ShortText, Trace, WaitingSeconds
from .times import MaybeInstant
from .values import EventData, Value

Outcome = Literal["passed", "failed", "error", "cancelled", "timed_out"]
TestOutcome = Literal["passed", "failed", "error", "skipped", "flaky"]


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
