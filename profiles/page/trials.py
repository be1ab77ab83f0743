"""Connection tests that run while a page watches: a few at once, bounded in time, each for the session that asked.

They live in the memory of the web process: one that dies takes its tests with it, and nothing depends on them. What a
test does comes as a function; this file knows neither forms nor profiles' settings.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from profiles.errors import ProfileError
from profiles.last_test import LastTest
from profiles.page.cut_reach import CutReach
from profiles.profile import Profile
from profiles.reach import Reach
from profiles.sealing import Service
from profiles.stages import Outcome, Stage

log = structlog.get_logger(__name__)

#: Tests at once, of everybody and of one visitor.
MOST_AT_ONCE = 6
MOST_OF_ONE = 2
#: Tests one visitor may begin within a minute: enough for a person, too few for looking around a network.
PER_MINUTE = 12
#: Seconds after which a test is ended, whatever the server does.
LONGEST = 60.0
#: Seconds for which a test that ended can be looked at, and tests that are kept at most.
SHOWN_FOR = 1800.0
MOST_KEPT = 200


class TooManyTrials(Exception):
    """Raised when no test may begin just now; the text is for the one who asked."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a test came to: what to keep of each service, whether a new credential was taken, or why it broke off."""

    tests: Mapping[Service, LastTest] = field(default_factory=dict)
    is_kept: bool | None = None
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Whether every stage of every service went well."""
        return not self.fault and bool(self.tests) and all(test.passed for test in self.tests.values())


#: Told each stage as it happens.
Watch = Callable[[Service, Stage], None]
#: A test: tells its stages, connects by the reach it is given, and returns what it came to.
Work = Callable[[Watch, Reach], Came]


@dataclass(slots=True)
class Trial:
    """One test: `came` is None while it runs. `draft_id` names the unsaved form it is about, if any."""

    id: str
    owner: str
    who: str
    profile: Profile
    services: tuple[Service, ...]
    draft_id: str | None
    #: Which credential was used, by service: told apart by its mark alone.
    marks: Mapping[Service, str]
    began: float
    stages: list[tuple[Service, Stage]] = field(default_factory=list)
    came: Came | None = None

    @property
    def is_running(self) -> bool:
        """Whether more stages may come."""
        return self.came is None

    def of(self, service: Service) -> list[Stage]:
        """Return the stages of one service so far."""
        return [stage for each, stage in self.stages if each == service]


class Trials:
    """The tests of this process. `reach` bounds where they may connect to."""

    def __init__(self, reach: Reach, clock: Callable[[], float] = time.monotonic, longest: float = LONGEST) -> None:
        self._reach = reach
        self._clock = clock
        self._longest = longest
        #: Threads that have not ended; one that was cut off still counts until it does.
        self._busy = 0
        self._lock = threading.Lock()
        self._trials: dict[str, Trial] = {}
        self._begun: dict[str, deque[float]] = {}

    def check(self, who: str) -> None:
        """Say whether this visitor may begin a test now.

        Raises:
            TooManyTrials: when not.
        """
        with self._lock:
            self._check(who, self._clock())

    def begin(
        self,
        work: Work,
        *,
        owner: str,
        who: str,
        profile: Profile,
        services: tuple[Service, ...],
        draft_id: str | None = None,
        marks: Mapping[Service, str] | None = None,
    ) -> Trial:
        """Begin a test and return it; it goes on by itself.

        Raises:
            TooManyTrials: when too many run, or this visitor began too many.
        """
        now = self._clock()
        with self._lock:
            self._tidy(now)
            self._check(who, now)
            self._begun.setdefault(who, deque()).append(now)
            trial = Trial(secrets.token_urlsafe(16), owner, who, profile, services, draft_id, dict(marks or {}), now)
            self._trials[trial.id] = trial
            self._busy += 1
        # A daemon: nothing depends on a test, so that no server keeps the process from ending.
        threading.Thread(target=self._run, args=(trial, work), name=f"trial of {who}", daemon=True).start()
        return trial

    def find(self, owner: str, trial_id: str) -> Trial | None:
        """Return a test of this session."""
        with self._lock:
            trial = self._trials.get(trial_id)
        return trial if trial is not None and trial.owner == owner else None

    def of_draft(self, owner: str, draft_id: str) -> list[Trial]:
        """Return the tests of an unsaved form, newest first."""
        with self._lock:
            found = [each for each in self._trials.values() if each.draft_id == draft_id and each.owner == owner]
        return found[::-1]

    def _check(self, who: str, now: float) -> None:
        running = [trial for trial in self._trials.values() if trial.is_running]
        if sum(trial.who == who for trial in running) >= MOST_OF_ONE:
            raise TooManyTrials("Two tests of yours are running: wait until one has ended.")
        if self._busy >= MOST_AT_ONCE:
            raise TooManyTrials("Many tests are running: try again in a minute.")
        begun = self._begun.get(who, ())
        if sum(now - each < 60 for each in begun) >= PER_MINUTE:
            raise TooManyTrials(f"You began {PER_MINUTE} tests within a minute: wait a little.")

    def _tidy(self, now: float) -> None:
        """Forget what nobody looks at any more."""
        old = [trial.id for trial in self._trials.values() if not trial.is_running and now - trial.began > SHOWN_FOR]
        ended = [trial.id for trial in self._trials.values() if not trial.is_running]
        for trial_id in {*old, *ended[: max(0, len(self._trials) - MOST_KEPT)]}:
            del self._trials[trial_id]
        for who, begun in list(self._begun.items()):
            while begun and now - begun[0] >= 60:
                begun.popleft()
            if not begun:
                del self._begun[who]

    def _run(self, trial: Trial, work: Work) -> None:
        """Do the work in a thread of its own, and end it in time."""
        reach = CutReach(self._reach.resolver, self._reach.refuse, self._reach.ports)
        timer = threading.Timer(self._longest, self._end_late, (trial, reach))
        timer.daemon = True
        timer.start()
        try:
            came = work(lambda service, stage: self._note(trial, service, stage), reach)
        except ProfileError as error:
            came = Came(fault=str(error))
        except Exception as error:
            # The edge of a test: whatever a server brings about must not take the page along.
            log.exception("connection_test_failed", error=type(error).__name__)
            came = Came(fault="something unforeseen went wrong: it is in the log of `runmail web`")
        finally:
            timer.cancel()
            reach.cutter.let_go()
        with self._lock:
            self._busy -= 1
            if trial.came is None:
                trial.came = came

    def _note(self, trial: Trial, service: Service, stage: Stage) -> None:
        with self._lock:
            if trial.came is None:
                trial.stages.append((service, stage))

    def _end_late(self, trial: Trial, reach: CutReach) -> None:
        """End a test that takes too long, and cut its connection, so that its thread comes back."""
        service = trial.stages[-1][0] if trial.stages else trial.services[0]
        said = f"the test was ended after {self._longest:g} seconds"
        advice = "the server answers too slowly: try again, or ask who runs it"
        self._note(trial, service, Stage("time", Outcome.FAILED, said, advice, reason="timed_out"))
        with self._lock:
            if trial.came is None:
                trial.came = Came(fault=said)
        reach.cutter.cut()
