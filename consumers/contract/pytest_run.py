"""PublishedRun: follows one run of pytest and publishes how it ended, without ever standing in its way.

1. At the start, when a deadline was asked for: say that the run began. Nobody waits for that.
2. Each report is counted (`pytest_record`).
3. At the end: judge, build the event, publish it, for at most what is left of the time; then the run goes on.
4. One line in the terminal says what was published, or why nothing was.

The exit code is never touched, and what goes wrong here is said in that line.
"""

from __future__ import annotations

import math
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from .broker_unavailable import BrokerUnavailable
from .ci import read_ci
from .daemon_call import DaemonCall, StillRunning
from .events import Event, RunFinishedData
from .malformed import MalformedEvent
from .publisher import Publisher
from .pytest_record import RunRecord
from .pytest_verdict import Ending, verdict
from .pytest_wishes import Wishes
from .run_event import Statement, run_event
from .start_event import start_event
from .term_signal import TermSignal

#: Seconds that a run may be held up in all, unless wished otherwise.
WAIT = 1.0
#: The part of them that the end gets in any case: loading packages takes long on a machine that sees them first.
LEAST_PART = 0.5

NO_BROKER = "no broker: set RUNMAIL_BROKER_URL, or give --runmail-broker"


class UnusableWish(Exception):
    """Raised with a sentence for people when what was asked for cannot be used."""


class PublishedRun:
    """One run of pytest, as a plugin. `spent` is the seconds that it was held up already."""

    def __init__(self, wishes: Wishes, variables: Mapping[str, str], *, root_name: str, spent: float) -> None:
        self._wishes = wishes
        self._ci = read_ci(variables)
        self._spent = spent
        self._began = time.monotonic()
        self._statement = Statement(
            profile=wishes.profile,
            recipients=wishes.recipients,
            suite=wishes.suite or self._ci.name or root_name,
            environment=wishes.environment,
            # Two runs in one CI job differ in nothing that CI says, and each is a run of its own.
            id=uuid.uuid4().hex,
            started_at=datetime.now(UTC),
        )
        self._record = RunRecord()
        self._term = TermSignal()
        self._start: DaemonCall[Event] | None = None
        self._was_stopped = False
        self._deselected = 0
        self._lines: list[str] = []

    def pytest_sessionstart(self) -> None:
        """Say that the run began, if its end shall be awaited."""
        self._term.watch()
        if self._wishes.deadline and self._wishes.broker_url:
            self._start = DaemonCall(self._publish_start, "runmail-start")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a phase of a test."""
        self._count(self._record.add_phase, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be collected."""
        self._count(self._record.add_module, report)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember how many tests were left out, for a run in which none is left."""
        self._deselected += len(items)

    def pytest_internalerror(self, excrepr: object) -> None:
        """Count an internal error of pytest."""
        self._count(self._record.add_internal_error, excrepr)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that somebody stopped the run: Ctrl-C, SIGTERM, `pytest.exit`.

        pytest and xdist end a run by kinds of KeyboardInterrupt of their own, after collection errors or for `-x`.
        """
        self._was_stopped = type(excinfo.value) is KeyboardInterrupt or isinstance(excinfo.value, pytest.exit.Exception)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Publish how the run ended, and keep what to say of it."""
        if self._wishes.broker_url is None:
            self._lines.append(f"nothing was published: {NO_BROKER}")
            return
        ending = Ending(int(exitstatus), self._was_stopped, self._deselected)
        finish = DaemonCall(lambda: self._publish_finish(ending), "runmail-finish")
        until = time.monotonic() + self._patience()
        event = self._published(finish, until, "nothing was published")
        if self._start is not None:
            self._published(self._start, until, "the start was not published")
        if event is not None and isinstance(event.data, RunFinishedData):
            data = event.data
            tests = f"{data.counts.total:,} test{'' if data.counts.total == 1 else 's'}"
            self._lines.append(f"published to profile {data.profile!r}: {data.outcome}, {tests} (event {event.id})")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was published, or why nothing was."""
        self._say(terminalreporter)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Say it where there was no summary; let a run that SIGTERM ended end by it.

        pytest leaves the summary out after an internal error, for exit codes of plugins and with `--no-summary`.
        """
        self._say(config.pluginmanager.get_plugin("terminalreporter"))
        self._term.release()

    def _say(self, terminalreporter: Any) -> None:
        while self._lines and terminalreporter is not None:
            terminalreporter.write_line(f"runmail: {self._lines.pop(0)}")

    def _patience(self) -> float:
        """Return the seconds that the end of the run may take."""
        try:
            wait = WAIT if self._wishes.wait is None else _number(self._wishes.wait, "wait", "seconds, such as 5")
        except UnusableWish as error:
            self._lines.append(str(error))
            wait = WAIT
        return max(wait - self._spent, wait * LEAST_PART)

    def _count(self, count: Callable[[Any], None], reported: object) -> None:
        """Count what was reported; a report that cannot be counted must not fail the run."""
        try:
            count(reported)
        except Exception as error:  # noqa: BLE001 - said in the terminal's line, once
            line = f"not every test was counted ({type(error).__name__})"
            if line not in self._lines:
                self._lines.append(line)

    def _published(self, call: DaemonCall[Event], until: float, failed: str) -> Event | None:
        """Wait for an event to be published; when it was not, keep a line that says why."""
        try:
            return call.result(max(until - time.monotonic(), 0))
        except StillRunning:
            why = f"the broker{_place(self._wishes.broker_url)} did not answer in time"
        except (UnusableWish, MalformedEvent, BrokerUnavailable) as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not fail the run
            why = f"a fault of runmail ({type(error).__name__})"
        self._lines.append(f"{failed}: {why}")
        return None

    def _publish_start(self) -> Event:
        event = start_event(
            self._statement,
            self._ci,
            suite=self._statement.suite or "",
            deadline_seconds=_number(self._wishes.deadline or "", "deadline", "minutes, such as 90") * 60,
            host=socket.gethostname(),
            now=datetime.now(UTC),
        )
        return self._publish(event)

    def _publish_finish(self, ending: Ending) -> Event:
        outcome, results = verdict(ending, self._record.results(time.monotonic() - self._began))
        statement = replace(self._statement, outcome=outcome)
        return self._publish(run_event(statement, results, self._ci, host=socket.gethostname(), now=datetime.now(UTC)))

    def _publish(self, event: Event) -> Event:
        with Publisher(self._wishes.broker_url or "") as publisher:
            publisher.publish(event)
        return event


def _number(text: str, what: str, kind: str) -> float:
    """Read a number that was asked for; a deadline's limits are the contract's."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnusableWish(f"the {what} {text!r} is no number of {kind}")
    return number


def _place(broker_url: str | None) -> str:
    """Return where the broker is, without the user and password of its address."""
    try:
        parts = urlsplit(broker_url or "")
        return f" at {parts.hostname}:{parts.port or 6379}" if parts.hostname else ""
    except ValueError:
        return ""
