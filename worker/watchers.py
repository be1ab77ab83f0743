"""IDLE watchers: threads of the clock that wait for mail to come (RFC 2177) and ring for its mailbox, nothing else.

IDLE tells that something changed and not what, so it is only a wake-up: what a watcher misses, the poll finds. Their
number is bounded; mailboxes beyond it are polled alone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from consumers.ledger.mailboxes import Mailbox
from profiles.classify import classify
from profiles.errors import MailError, TransientMailError, UnknownProfile
from profiles.imap_link import FAILURES, ImapLink
from profiles.mailbox_reading import open_folder
from profiles.profile import Profile
from profiles.verbs import Verb
from worker.ground import Ground
from worker.lookups import open_mailbox

log = structlog.get_logger(__name__)

#: Seconds after which IDLE is ended and begun anew: servers may hang up after 29 minutes (RFC 2177), and boxes on
#: the way forget a silent connection after as little as five.
REISSUE_SECONDS = 280.0
#: Seconds of one wait: how soon a watcher that is to end does.
WAIT_SECONDS = 1.0
#: Waits one after another that end at once without an answer until the connection counts as lost. TLS may wake a wait
#: with something of its own now and then.
MOST_HASTY = 5
#: Seconds before a watcher connects again, doubled by each failure; each is shortened by chance, so that a server that
#: was away is not met by all at once.
FIRST_PAUSE = 5.0
MOST_PAUSE = 900.0
#: The same after a refused login, at least: providers lock an account that is tried again and again.
LOGIN_PAUSE = 600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a watcher, in seconds."""

    reissue: float = REISSUE_SECONDS
    wait: float = WAIT_SECONDS
    first_pause: float = FIRST_PAUSE


class Watchers:
    """Keeps a watcher for each of the first mailboxes. `ring` takes a mailbox's id."""

    def __init__(self, ground: Ground, ring: Callable[[int], object], pace: Pace = Pace()) -> None:
        self._ground = ground
        self._ring = ring
        self._pace = pace
        self._most = ground.settings.idle_connections
        self._running: dict[Mailbox, Watcher] = {}

    def tend(self, wanted: Sequence[Mailbox]) -> None:
        """Watch the first of these mailboxes and no other; a changed profile is watched anew."""
        profiles = {profile.id: profile for profile in self._ground.profiles.all()} if wanted else {}
        chosen = {each: profiles[each.profile_id] for each in wanted[: self._most] if each.profile_id in profiles}
        for mailbox, watcher in list(self._running.items()):
            if chosen.get(mailbox) != watcher.profile or not watcher.is_alive:
                watcher.stop()
                del self._running[mailbox]
        for mailbox, profile in chosen.items():
            if mailbox not in self._running:
                self._running[mailbox] = Watcher(mailbox, profile, self._open, self._ring, self._pace)
                self._running[mailbox].start()

    def _open(self, profile: Profile) -> ImapLink:
        try:
            return open_mailbox(self._ground, profile)
        except UnknownProfile:
            raise TransientMailError("profile_gone") from None


class Watcher:
    """One thread that watches one mailbox until it is stopped."""

    def __init__(
        self,
        mailbox: Mailbox,
        profile: Profile,
        open_link: Callable[[Profile], ImapLink],
        ring: Callable[[int], object],
        pace: Pace,
    ) -> None:
        self.profile = profile
        self._mailbox = mailbox
        self._open_link = open_link
        self._ring = ring
        self._pace = pace
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watcher-{mailbox.id}", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end soon; nothing waits for it."""
        self._stopping.set()

    def _run(self) -> None:
        failures = 0
        about = {"profile": self.profile.name, "folder": self._mailbox.folder}
        while not self._stopping.is_set():
            began, least = time.monotonic(), 0.0
            try:
                self._watch()
                return
            except MailError as error:
                if error.reason == "idle_not_offered":
                    # Until its profile changes: the poll serves it.
                    log.info("mailbox_cannot_be_watched", reason=error.reason, **about)
                    self._stopping.wait()
                    return
                # A connection that lasted was no failure to connect.
                failures = 1 if time.monotonic() - began > MOST_PAUSE else failures + 1
                least = LOGIN_PAUSE if error.verb is Verb.AUTH else 0.0
                log.warning("watcher_lost_connection", reason=error.reason, failures=failures, **about)
            except Exception as error:
                failures += 1
                log.exception("watcher_failed", error=type(error).__name__, **about)
            pause = min(max(least, self._pace.first_pause * 2 ** min(failures - 1, 16)), MOST_PAUSE)
            self._stopping.wait(pause * random.SystemRandom().uniform(0.5, 1))

    def _watch(self) -> None:
        """Watch over one connection until the watcher is stopped.

        Raises:
            TransientMailError: when the connection is lost, or the mailbox cannot be opened.
        """
        link = self._open_link(self.profile)
        try:
            open_folder(link, self._mailbox.folder)
            log.debug("mailbox_watched", profile=self.profile.name, folder=self._mailbox.folder)
            # What came while nobody watched.
            self._ring(self._mailbox.id)
            while not self._stopping.is_set():
                self._idle(link)
        except FAILURES as error:
            raise classify(error, Verb.IDLE) from None
        finally:
            link.close()

    def _idle(self, link: ImapLink) -> None:
        """Wait in one IDLE, and ring for every sign of new mail."""
        link.idle()
        until = time.monotonic() + self._pace.reissue
        hasty = 0
        while not self._stopping.is_set() and time.monotonic() < until:
            began = time.monotonic()
            answers = link.idle_check(self._pace.wait)
            hasty = hasty + 1 if not answers and time.monotonic() - began < self._pace.wait / 2 else 0
            if hasty == MOST_HASTY:
                # imapclient returns at once and for ever after the server hung up, without an error.
                raise TransientMailError("connection_lost", verb=Verb.IDLE)
            if any(answer[:1] == (b"BYE",) for answer in answers):
                raise TransientMailError("service_unavailable", verb=Verb.IDLE)
            if any(b"EXISTS" in answer[1:2] for answer in answers):
                self._ring(self._mailbox.id)
        # With the deadline of a command again: a half-open connection shows here.
        _, answers = link.idle_done()
        if any(b"EXISTS" in answer[1:2] for answer in answers):
            self._ring(self._mailbox.id)
