"""The connection test of a profile's IMAP side, stage by stage, changing nothing in the mailbox.

resolve → connect → tls → greeting → authenticate → folder (each one, opened read-only) → idle; with `starttls`, TLS
comes after the greeting. The stages are yielded as they happen; the first that fails is the last.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from profiles.advice import TEXTS
from profiles.answers import printable
from profiles.classify import classify
from profiles.errors import MailError
from profiles.imap_link import FAILURES, ImapLink, greet, log_in, protect, start_tls
from profiles.profile import ImapSettings, Security
from profiles.reach import BY_SYSTEM, Reach, Reached
from profiles.smtp_check import STAGE_SECONDS
from profiles.stages import Stage
from profiles.stopwatch import Stopwatch
from profiles.tls import Certificate, read_certificate
from profiles.verbs import Verb


def check_imap(
    settings: ImapSettings,
    credential: str | None,
    *,
    now: int,
    reach: Reach = BY_SYSTEM,
    seconds: float = STAGE_SECONDS,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Stage]:
    """Test the IMAP side of a profile at `now` (milliseconds UTC)."""
    watch = Stopwatch(settings)
    reached: Reached | None = None
    link: ImapLink | None = None
    stage = "resolve"
    try:
        addresses = reach.resolve(settings.host, settings.port)
        yield watch.ok(stage, ", ".join(addresses))
        stage = "connect"
        reached = reach.connect(addresses, settings.port, seconds)
        yield watch.ok(stage, f"{reached.address} port {settings.port}")
        stage = "tls"
        reached = protect(reached, settings, tls)
        if settings.security is not Security.STARTTLS:
            yield watch.protected(_shown(reached), reached.address, now)
        stage = "greeting"
        link = greet(reached, settings, seconds)
        yield watch.ok(stage, printable(link.welcome.decode("utf-8", "replace")))
        if settings.security is Security.STARTTLS:
            stage = "tls"
            start_tls(link, settings, tls)
            yield watch.protected(link.certificate, link.address, now)
        stage = "authenticate"
        mechanism = log_in(link, settings, credential)
        if mechanism is None:
            yield watch.skipped(stage, "the profile names no user")
        else:
            yield watch.ok(stage, f"as {settings.username} ({mechanism.upper()})")
        stage = "folder"
        for folder in settings.folders:
            yield watch.ok(stage, f"{folder}: {_open(link, folder)} mails")
        stage = "idle"
        yield _idle(link, watch)
    except MailError as error:
        yield watch.failed(stage, error)
    finally:
        if link is not None:
            link.close()
        elif reached is not None:
            reached.socket.close()


def _shown(reached: Reached) -> Certificate | None:
    """Return the certificate of a connection that speaks TLS already."""
    return read_certificate(reached.socket) if isinstance(reached.socket, ssl.SSLSocket) else None


def _open(link: ImapLink, folder: str) -> int:
    """Open a folder without changing anything in it and return how many mails it holds."""
    try:
        return int(link.select_folder(folder, readonly=True).get(b"EXISTS", 0))
    except FAILURES as error:
        raise classify(error, Verb.SELECT) from None


def _idle(link: ImapLink, watch: Stopwatch) -> Stage:
    """Enter IDLE and leave it; a server without it is polled."""
    try:
        if not link.has_capability("IDLE"):
            said, advice = TEXTS["idle_not_offered"]
            return watch.warning("idle", said, advice)
        link.idle()
        link.idle_done()
    except FAILURES as error:
        raise classify(error, Verb.IDLE) from None
    return watch.ok("idle", "entered and left: answers are noticed at once")
