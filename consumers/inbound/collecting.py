"""collect: one bounded pass over one mailbox, from the first UID that was not dealt with to the last.

1. Take the mailbox: a lease keeps every other pass out.
2. Open the folder; another account or another UIDVALIDITY begins from its start.
3. Stretch by stretch: search, ask for sizes, fetch a batch, keep it, move the cursor and count the start of reading in
   one commit, have it read.
4. Give the mailbox back with what to do next: at once when there is more, later after a failure.

A pass that breaks off costs nothing but its last batch, which is fetched again. It cannot read a mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import structlog

from consumers.inbound.fetching import fetch_batch, in_batches, unfetched
from consumers.inbound.passes import CollectParts, Passed, PassOutcome, Report
from consumers.inbound.reading.read_mail import MAX_MAIL
from consumers.ledger import mailboxes
from consumers.ledger.mailboxes import Claim, MailboxLost
from consumers.ledger.replies import Inbound, keep
from profiles.errors import MailError, TransientMailError
from profiles.imap_link import ImapLink
from profiles.mailbox_marking import mark_mails
from profiles.mailbox_reading import Folder, Listed, fetch_headers, find_between, list_mails, open_folder
from profiles.profile import ImapSettings, Profile
from profiles.verbs import Verb

log = structlog.get_logger(__name__)

#: Mails whose sizes are asked for at a time, and of which batches are made.
MOST_LISTED = 1_000
#: Passes that may break off at one mail before it is kept as one that cannot be fetched.
MOST_TRIES = 5
#: Mails behind such a one of which one must be fetched first: the fault may be the server's.
PROBES = 8
#: Days before the last complete pass from which on a renumbered folder is read again; what is kept is recognised.
RESCAN_DAYS = 7
MILLISECONDS_PER_DAY = 86_400_000
#: Seconds between two reports of a long pass in the log.
REPORT_SECONDS = 10.0


def collect(parts: CollectParts, mailbox_id: int, report: Report = lambda passed: None) -> Passed:
    """Make one pass over a mailbox; `report` hears of every batch.

    Raises:
        OperationalError, InterfaceError: when the database is away; the lease then ends by itself.
    """
    with parts.engine.begin() as connection:
        claimed = mailboxes.claim(connection, mailbox_id, parts.new_owner(), parts.now())
    if claimed is None:
        return Passed(PassOutcome.BUSY)
    profile = parts.find_profile(claimed.mailbox.profile_id)
    imap = profile.imap if profile is not None and profile.enabled else None
    if profile is None or imap is None or claimed.mailbox.folder not in imap.folders:
        with parts.engine.begin() as connection:
            mailboxes.release(connection, claimed)
        return Passed(PassOutcome.OFF)
    return _Pass(parts, profile, imap, claimed, report).run()


def place_of(imap: ImapSettings) -> str:
    """Return what tells one account on one server from another: two servers may number alike."""
    return hashlib.sha256(f"{imap.host}\n{imap.username}".encode()).hexdigest()[:16]


class _Pass:
    """One pass over one mailbox that was taken."""

    def __init__(
        self, parts: CollectParts, profile: Profile, imap: ImapSettings, claimed: Claim, report: Report
    ) -> None:
        self._parts = parts
        self._profile = profile
        self._imap = imap
        self._place = place_of(imap)
        self._marking = True
        self._claim = claimed
        self._report = report
        self._began = self._reported = parts.clock()
        self._passed = Passed(PassOutcome.COMPLETE)
        self._cursor = claimed.progress.cursor
        #: The mail at which a failure breaks the pass off: the first of those that are being listed or fetched.
        self._at: int | None = None

    def run(self) -> Passed:
        """Read and give the mailbox back; whatever a server does ends as an outcome."""
        try:
            link = self._parts.open_link(self._profile)
            try:
                outcome = self._read(link)
            finally:
                link.close()
            return self._end(outcome)
        except MailError as error:
            return self._fail(error)
        except MailboxLost:
            log.warning("mailbox_lost", **self._counts())
            return replace(self._passed, outcome=PassOutcome.LOST)

    def _read(self, link: ImapLink) -> PassOutcome:
        """Read stretch by stretch until the end of the folder or of the time."""
        folder = open_folder(link, self._claim.mailbox.folder, writable=self._imap.marks)
        self._begin(folder)
        progress = self._claim.progress
        careful = progress.stuck_tries > 0
        last = folder.next_uid - 1
        while self._cursor < last:
            backlog = self._cursor < progress.floor_uid - 1
            end, since = (progress.floor_uid - 1, _day_before(progress.since_at)) if backlog else (last, None)
            found = find_between(link, folder, self._cursor, min(end, last), since)
            self._passed = replace(self._passed, left=len(found.uids))
            for begin in range(0, len(found.uids), MOST_LISTED):
                listed = found.uids[begin : begin + MOST_LISTED]
                for mails in self._singly(link, folder, listed) if careful else self._batches(link, listed):
                    self._keep(mails)
                    self._mark(link, folder, mails)
                    if self._time_is_over():
                        return PassOutcome.MORE
                careful = False
            # Over mails that are older or gone.
            if found.through > self._cursor:
                self._advance(found.through)
            if self._time_is_over():
                return PassOutcome.MORE
        return PassOutcome.COMPLETE

    def _begin(self, folder: Folder) -> None:
        """Go on where the last pass ended if the folder is the one that it read, else begin anew."""
        progress = self._claim.progress
        if progress.place == self._place and progress.uidvalidity == folder.uidvalidity:
            return
        since_at = progress.since_at
        if progress.place and progress.complete_at is not None:
            since_at = max(since_at, progress.complete_at - RESCAN_DAYS * MILLISECONDS_PER_DAY)
        said = "mailbox_renumbered" if progress.place else "mailbox_begun"
        log.info(said, profile=self._profile.name, folder=folder.name, mails=folder.count)
        with self._parts.engine.begin() as connection:
            self._claim = mailboxes.begin_place(
                connection,
                self._claim,
                place=self._place,
                uidvalidity=folder.uidvalidity,
                floor_uid=folder.next_uid,
                since_at=since_at,
            )
        self._cursor = 0

    def _batches(self, link: ImapLink, uids: Sequence[int]) -> Iterator[list[Inbound]]:
        """Yield the mails of some UIDs in batches."""
        self._at = uids[0]
        for batch in in_batches(self._wanted(list_mails(link, uids))):
            self._at = batch[0].uid
            yield fetch_batch(link, batch)

    def _singly(self, link: ImapLink, folder: Folder, uids: Sequence[int]) -> Iterator[list[Inbound]]:
        """Yield mails one by one, after a pass that broke off among them: the neighbours of a bad mail are kept."""
        progress = self._claim.progress
        for uid in uids:
            self._at = uid
            if uid == progress.stuck_uid and progress.stuck_tries >= MOST_TRIES:
                yield [self._give_up(link, folder, uid)]
                continue
            wanted = self._wanted(list_mails(link, [uid]))
            yield fetch_batch(link, wanted) if wanted else []

    def _give_up(self, link: ImapLink, folder: Folder, uid: int) -> Inbound:
        """Give up a mail at which too many passes broke off, once one behind it shows that the server can fetch.

        Raises:
            TransientMailError: while nothing shows it; another mail is asked for each time.
        """
        behind = find_between(link, folder, uid, folder.next_uid - 1).uids[:PROBES]
        if not behind or fetch_headers(link, behind[self._claim.progress.stuck_tries % len(behind)]) is None:
            raise TransientMailError("mail_cannot_be_fetched", verb=Verb.FETCH)
        log.warning("mail_given_up", profile=self._profile.name, folder=folder.name, uid=uid)
        return unfetched(Listed(uid, 0, None))

    def _wanted(self, listed: list[Listed]) -> list[Listed]:
        """Leave out what was there at first contact and is older than is asked for."""
        progress = self._claim.progress
        # Servers tell whole seconds: a mail of the very second that is asked for may have come after its beginning.
        since_at = progress.since_at // 1_000 * 1_000
        wanted = [
            each
            for each in listed
            if each.uid >= progress.floor_uid or each.internal_at is None or each.internal_at >= since_at
        ]
        over = len(listed) - len(wanted)
        self._count(passed_over=over, left=-over)
        return wanted

    def _keep(self, mails: list[Inbound]) -> None:
        """Keep a batch, move the cursor behind it, and have it read."""
        if not mails:
            return
        through = mails[-1].uid
        with self._parts.engine.begin() as connection:
            kept = keep(connection, self._claim, self._profile.name, mails, through, self._parts.now())
        self._cursor, self._at = through, None
        self._count(
            kept=kept.count,
            recognised=kept.recognised,
            too_large=sum(mail.size > MAX_MAIL for mail in mails),
            unfetched=sum(mail.raw is None for mail in mails),
            left=-len(mails),
        )
        self._report(self._passed)
        if self._parts.clock() - self._reported >= REPORT_SECONDS:
            self._reported = self._parts.clock()
            log.info("mailbox_being_read", **self._counts())
        if kept.unread:
            self._parts.read_replies(kept.unread)

    def _mark(self, link: ImapLink, folder: Folder, mails: Sequence[Inbound]) -> None:
        """Mark mails that were kept, where the profile wants it. What fails is told once and stops nothing."""
        if not self._imap.marks or not self._marking or not mails:
            return
        try:
            mark_mails(link, folder, self._imap, [mail.uid for mail in mails])
        except MailError as error:
            self._marking = False
            log.warning("mails_not_marked", profile=self._profile.name, folder=folder.name, reason=error.reason)

    def _advance(self, cursor: int) -> None:
        with self._parts.engine.begin() as connection:
            mailboxes.advance(connection, self._claim, cursor=cursor)
        self._cursor, self._at = cursor, None

    def _end(self, outcome: PassOutcome) -> Passed:
        now, complete = self._parts.now(), outcome is PassOutcome.COMPLETE
        with self._parts.engine.begin() as connection:
            mailboxes.end_pass(
                connection, self._claim, now=now, complete=complete, poll_seconds=self._parts.poll_seconds
            )
        passed = self._passed
        if passed.kept or passed.recognised or passed.passed_over:
            log.info("mailbox_pass_ended", outcome=outcome, **self._counts())
        return replace(passed, outcome=outcome, left=0 if complete else passed.left)

    def _fail(self, error: MailError) -> Passed:
        log.warning("mailbox_pass_failed", reason=error.reason, verb=error.verb, at_uid=self._at, **self._counts())
        with self._parts.engine.begin() as connection:
            mailboxes.fail_pass(
                connection,
                self._claim,
                reason=error.reason,
                answer=error.answer,
                login_refused=error.verb is Verb.AUTH,
                stuck_uid=self._at,
                now=self._parts.now(),
                poll_seconds=self._parts.poll_seconds,
            )
        return replace(self._passed, outcome=PassOutcome.FAILED, reason=error.reason, answer=error.answer)

    def _time_is_over(self) -> bool:
        return self._parts.stopping() or self._parts.clock() - self._began >= self._parts.pass_seconds

    def _count(self, **more: int) -> None:
        """Add to what the pass has come to so far."""
        passed = self._passed
        self._passed = replace(passed, **{name: getattr(passed, name) + number for name, number in more.items()})

    def _counts(self) -> dict[str, object]:
        passed = self._passed
        names = ("kept", "recognised", "passed_over", "too_large", "left")
        return {
            "profile": self._profile.name,
            "folder": self._claim.mailbox.folder,
            **{name: getattr(passed, name) for name in names},
            "seconds": round(self._parts.clock() - self._began, 1),
        }


def _day_before(milliseconds: int) -> date:
    """Return the day before a moment: servers search by days of a zone of their own (RFC 9051 6.4.4)."""
    return (datetime.fromtimestamp(milliseconds / 1000, UTC) - timedelta(days=1)).date()
