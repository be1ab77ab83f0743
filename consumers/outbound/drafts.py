"""Drafts: the message of a delivery, complete and checked before anything is connected.

What is the same for all recipients of an event is rendered once and kept for a while; what differs (recipient,
Message-ID) is added for each. The same delivery gets the same Message-ID on every attempt.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from consumers.contract.events import AlertData
from consumers.contract.reading import MalformedEvent
from consumers.facts import Origin, origin_of
from consumers.ledger.claiming import Claimed
from consumers.mails.compose import Envelope, assemble
from consumers.mails.rendering import Rendered, Renderer, RenderFailed
from consumers.mails.wire import WireMismatch, check_wire
from consumers.meaning import consumer_of
from consumers.notice import Answered, Question, Skip, Taken
from consumers.own_events import read_recorded
from profiles.profile import Profile

#: Finds who had taken an alert in hand: by the profile that its event names, its thread key and its row.
FindTaken = Callable[[str, str, int], Taken | None]

#: Events whose rendered mail is kept; with mails of up to 95 KB this is at most about 50 MB.
MOST_KEPT = 256


class NotSendable(Exception):
    """Raised with a named `reason` when a delivery cannot be put on the wire as it is."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it goes after DATA, the one recipient it is for, and the event it tells."""

    message: bytes
    recipient: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Kept:
    """A rendered mail, and what of its event goes into the headers."""

    rendered: Rendered
    origin: Origin
    thread_key: str
    answered: Answered | None


@dataclass(slots=True)
class _Page:
    """What is known of one event: its body, and its rendered mail by profile."""

    body: bytes
    rendered: dict[Profile, _Kept]


class DraftBook:
    """Writes messages; safe to use from several threads.

    `load_body` reads an event's JSON by row when it is no longer kept; `find_taken` says who had taken an alert in
    hand when its event came, by the profile it names, its thread key and its row.
    """

    def __init__(
        self,
        renderer: Renderer,
        domain: str | None,
        load_body: Callable[[int], bytes | None],
        find_taken: FindTaken = lambda *_: None,
    ) -> None:
        self._renderer = renderer
        self._domain = domain
        self._load_body = load_body
        self._find_taken = find_taken
        self._pages: OrderedDict[int, _Page] = OrderedDict()
        self._lock = threading.Lock()

    def known(self) -> frozenset[int]:
        """Return the rows of events whose body need not be read again."""
        with self._lock:
            return frozenset(self._pages)

    def learn(self, bodies: Mapping[int, bytes]) -> None:
        """Keep the bodies of events that are about to be sent."""
        with self._lock:
            for row_id, body in bodies.items():
                self._pages[row_id] = _Page(body, {})
                self._pages.move_to_end(row_id)
            while len(self._pages) > MOST_KEPT:
                self._pages.popitem(last=False)

    def is_rendered(self, claimed: Claimed, profile: Profile) -> bool:
        """Say whether the mail of a delivery's event is rendered already, so that writing it is quick."""
        with self._lock:
            page = self._pages.get(claimed.event_row)
        return page is not None and profile in page.rendered

    def write(self, claimed: Claimed, profile: Profile) -> Draft:
        """Return the message of a delivery.

        Raises:
            NotSendable: when the event cannot be rendered, or the bytes are not what was meant.
        """
        kept = self._rendered(claimed.event_row, profile)
        envelope = Envelope(
            event_id=kept.origin.event_id,
            event_type=kept.origin.type,
            profile=profile,
            recipient=claimed.recipient,
            message_id=claimed.message_id,
            date=datetime.fromtimestamp(claimed.created_at / 1000, UTC),
            thread_key=kept.thread_key,
            domain=self._domain,
            answered=kept.answered,
        )
        try:
            message = assemble(kept.rendered, envelope)
            check_wire(message, envelope)
        except WireMismatch as error:
            raise NotSendable("wire_mismatch", str(error)) from None
        return Draft(message, claimed.recipient, kept.origin)

    def look(self, event_row: int, profile: Profile) -> Rendered:
        """Return the mail of an event as it is sent through a profile, before it has a recipient.

        Raises:
            NotSendable: when the event cannot be rendered.
        """
        return self._rendered(event_row, profile).rendered

    def _rendered(self, event_row: int, profile: Profile) -> _Kept:
        """Return the rendered mail of an event, rendering it at most once.

        Two threads may render the same page at the same time; the results are equal and one is kept.
        """
        with self._lock:
            page = self._pages.get(event_row)
        if page is None:
            body = self._load_body(event_row)
            if body is None:
                raise NotSendable("event_gone", "the event of this delivery is not in the ledger")
            self.learn({event_row: body})
            page = _Page(body, {})
        kept = page.rendered.get(profile)
        if kept is None:
            kept = page.rendered[profile] = self._render(event_row, page.body, profile)
        return kept

    def _render(self, event_row: int, body: bytes, profile: Profile) -> _Kept:
        try:
            event = read_recorded(body)
        except MalformedEvent as error:
            raise NotSendable(error.reason, error.text) from None
        consumer = consumer_of(event)
        notice = consumer(event) if consumer else Skip("no_consumer")
        if isinstance(notice, Skip):
            raise NotSendable(notice.reason, "this version sends no mail for the event")
        if isinstance(notice, Question):
            raise NotSendable("answered", "the event is told by the one that answers it")
        if isinstance(notice.data, AlertData):
            notice = replace(notice, taken=self._find_taken(notice.data.profile, notice.thread_key, event_row))
        try:
            rendered = self._renderer.render(notice, event=event, profile=profile)
        except RenderFailed as error:
            raise NotSendable("render_failed", str(error)) from None
        return _Kept(rendered, origin_of(event), notice.thread_key, notice.answered)
