"""The first half of an event's path: accept, resolve, plan, fan out. Read from top to bottom.

    accept   record the event; from here on it is never lost            one commit, many events
    resolve  its profile by name, its consumer by type                  pure
    answer   a request for a report: by the event that tells it         planned next, like any other
    plan     one delivery for each recipient                            one commit, many events
    fan out  ring the bell of each profile that has something to send

The second half is `delivery_path`. It knows neither the queue the event came from nor the bell's.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from consumers.contract import Event
from consumers.contract.reading import MalformedEvent, read_event
from consumers.facts import EventPlanned, EventRecorded, EventRefused, Tell, origin_of, untold
from consumers.ledger.planning import MessageIds, make_start_planning, make_store_plans
from consumers.ledger.plans import Plan
from consumers.ledger.recording import RecordOutcome, Reject, arrival, make_record, quarantine, reject_of
from consumers.ledger.states import EventState
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.outbound.planner import Answer, FindProfile, plan_event
from consumers.own_events import read_recorded

log = structlog.get_logger(__name__)

#: Rings the bell of a profile that has this many deliveries due.
Ring = Callable[[int, int], None]

#: Events that wait to be planned in this process; a full queue slows accepting down.
MOST_WAITING = 1000
#: Events planned in one group.
MOST_PLANNED = 200


@dataclass(frozen=True, slots=True)
class _Waiting:
    row_id: int
    event: Event


class Intake:
    """Accepts events and plans them.

    What it accepts or begins to plan is its own for `lease_seconds`; `now` returns milliseconds UTC.
    """

    def __init__(
        self,
        *,
        writer: LedgerWriter,
        profiles_by_name: Callable[[], FindProfile],
        answer: Answer,
        message_ids: MessageIds,
        ring: Ring,
        lease_seconds: float,
        now: Callable[[], int],
        tell: Tell = untold,
    ) -> None:
        self._writer = writer
        self._profiles_by_name = profiles_by_name
        self._answer = answer
        self._record = make_record(lease_seconds)
        self._start_planning = make_start_planning(lease_seconds)
        self._store_plans = make_store_plans(message_ids, lease_seconds)
        self._ring = ring
        self._now = now
        self._tell = tell
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(MOST_WAITING)
        self._planner = threading.Thread(target=self._plan_groups, name="planner", daemon=True)

    def start(self) -> None:
        """Start the planner's thread."""
        self._planner.start()

    @property
    def is_alive(self) -> bool:
        """Whether the planner's thread runs."""
        return self._planner.is_alive()

    def close(self) -> None:
        """Plan what was accepted here, then end the thread."""
        self._waiting.put(None)
        self._planner.join()

    # 1. accept

    def accept(self, published: object, published_at: int | None) -> RecordOutcome:
        """Record a published event; on return it is accepted, a repeat, or in quarantine with its reason.

        Raises:
            LedgerAway: when the database did not take it; the event is still only in the queue.
        """
        try:
            event = read_event(published)
        except MalformedEvent as error:
            return self._quarantine(reject_of(published, error, self._now()))
        began_at = self._now()
        recorded = self._writer.submit(
            self._record, arrival(event, published, published_at=published_at, now=began_at)
        ).result()
        self._tell(EventRecorded(origin_of(event), recorded.outcome, published_at, began_at, self._now()))
        if recorded.outcome is RecordOutcome.NEW:
            self._waiting.put(_Waiting(recorded.row_id, event))
        log.debug("event_recorded", row=recorded.row_id, outcome=recorded.outcome)
        return recorded.outcome

    def refuse(self, body: bytes, reason: str, detail: str) -> None:
        """Write bytes down that are no event at all."""
        self._quarantine(Reject(body=body, reason=reason, detail=detail, now=self._now()))

    def _quarantine(self, reject: Reject) -> RecordOutcome:
        recorded = self._writer.submit(quarantine, reject).result()
        self._tell(EventRefused(reject.reason))
        log.warning("event_quarantined", row=recorded.row_id, reason=reject.reason)
        return recorded.outcome

    # 2.–5. resolve, plan, fan out

    def plan(self, row_ids: Sequence[int]) -> None:
        """Plan events that were accepted and lost their planner; counts a start of each.

        Raises:
            LedgerAway: when the database does not answer.
        """
        started = [(row_id, self._writer.submit(self._start_planning, row_id)) for row_id in row_ids]
        group = []
        for row_id, future in started:
            body = future.result()
            if body is None:
                continue
            try:
                event = read_recorded(body)
            except MalformedEvent as error:
                self._store([Plan(row_id, EventState.QUARANTINED, self._now(), error.reason, error.text)])
            else:
                group.append(_Waiting(row_id, event))
        self._plan_group(group)

    def _plan_groups(self) -> None:
        """Take what waits, plan it together, until closed."""
        while True:
            waiting = self._waiting.get()
            group: list[_Waiting] = []
            while waiting is not None:
                group.append(waiting)
                if len(group) >= MOST_PLANNED:
                    break
                try:
                    waiting = self._waiting.get_nowait()
                except queue.Empty:
                    break
            try:
                self._plan_group(group)
            except LedgerAway:
                # The events are recorded; the sweep asks for them again when their planning lease has ended.
                log.warning("planning_postponed", events=len(group))
            if waiting is None:
                return

    def _plan_group(self, group: Sequence[_Waiting]) -> None:
        """Plan events, then the events that answer them."""
        while group:
            find_profile, began_at = self._profiles_by_name(), self._now()
            planned, plans = self._decide_all(group, find_profile)
            answers = self._store(plans)
            for item, plan in zip(planned, plans, strict=True):
                deliveries, ended_at = len(plan.deliveries), self._now()
                self._tell(EventPlanned(origin_of(item.event), plan.state, plan.reason, deliveries, began_at, ended_at))
            group = answers

    def _decide_all(
        self, group: Sequence[_Waiting], find_profile: FindProfile
    ) -> tuple[Sequence[_Waiting], Sequence[Plan]]:
        """Plan a group without writing it; return those that could be planned, and their plans.

        One event whose reading failed is left to the sweep, since a long report may fail alone.

        Raises:
            LedgerAway: when a second one fails: the database is away, and asking it for all would take long.
        """
        planned: list[_Waiting] = []
        plans: list[Plan] = []
        postponed = 0
        for item in group:
            try:
                plans.append(self._decide(item, find_profile))
                planned.append(item)
            except LedgerAway:
                postponed += 1
                if postponed > 1:
                    raise
                log.warning("planning_postponed", events=postponed)
        return planned, plans

    def _decide(self, item: _Waiting, find_profile: FindProfile) -> Plan:
        """Plan one event; what its planning breaks stops only itself."""
        try:
            return plan_event(item.row_id, item.event, find_profile, self._answer, self._now())
        except LedgerAway:
            raise
        except Exception as error:  # noqa: BLE001 - an event must not stop its neighbours; it is kept, named and replayable
            log.error("planning_failed", row=item.row_id, error=type(error).__name__)
            detail = f"planning it raised {type(error).__name__}"
            return Plan(item.row_id, EventState.QUARANTINED, self._now(), "planning_failed", detail)

    def _store(self, plans: Sequence[Plan]) -> list[_Waiting]:
        """Write plans in one group, then ring once for each profile; return the answers, which are to be planned."""
        futures = [(plan, self._writer.submit(self._store_plans, plan)) for plan in plans]
        due: Counter[int] = Counter()
        answers = []
        for plan, future in futures:
            outcome = future.result()
            if plan.profile is not None:
                due[plan.profile.id] += len(outcome.due)
            if plan.answer is not None and outcome.answer_row is not None:
                answers.append(_Waiting(outcome.answer_row, plan.answer.event))
            if outcome.written and plan.state is EventState.QUARANTINED:
                log.warning("event_quarantined", row=plan.row_id, reason=plan.reason)
        for profile_id, count in due.items():
            if count:
                self._ring(profile_id, count)
        return answers
