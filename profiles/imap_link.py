"""Opening an IMAP connection of a profile: to a checked address, over verified TLS, logged in with one mechanism.

What comes back is an IMAPClient whose every command has a deadline and a bound on what the server may answer, since
imaplib by itself reads whatever is announced. It knows nothing of mails and of what has been read already.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, ProtocolError
from imapclient.response_parser import parse_fetch_response

from profiles.classify import classify
from profiles.errors import MailError, TransientMailError
from profiles.fetch_answers import plain_answers
from profiles.profile import ImapSettings, Security
from profiles.reach import BY_SYSTEM, Reach, Reached, is_loopback
from profiles.tls import Certificate, client_context, read_certificate
from profiles.verbs import Verb

#: Seconds a command may take, all of its answer included.
COMMAND_SECONDS = 30.0
#: Bytes a server may answer to one command, a fetched mail included: above what providers deliver (25 to 50 MB).
MOST_BYTES = 64 * 1024 * 1024
#: Bytes that a line is counted for beside its text: what imaplib needs to keep it.
LINE_COST = 200
#: What imapclient, imaplib, ssl and socket raise, and what a hostile answer makes their parsers raise.
FAILURES = (IMAPClientError, OSError, EOFError, ValueError, RecursionError)


class _BoundedImap4(imaplib.IMAP4):
    """imaplib's connection over a socket that is open already, with bounds on every answer."""

    def __init__(self, opened: socket.socket, host: str, port: int, seconds: float) -> None:
        self._opened = opened
        self._seconds = seconds
        self.expect()
        super().__init__(host, port)

    def expect(self, *, timed: bool = True) -> None:
        """Allow a new answer; an IDLE has no deadline but its bound of bytes."""
        self._left = MOST_BYTES
        self._deadline = time.monotonic() + self._seconds if timed else float("inf")

    def send(self, data: Any) -> None:
        self.expect()
        super().send(data)

    def readline(self) -> bytes:
        return self._count(super().readline())

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise ProtocolError("the server announces more than it may answer")
        return self._count(super().read(size))

    def _count(self, came: bytes) -> bytes:
        self._left -= len(came) + LINE_COST
        if self._left < 0:
            raise ProtocolError("the server does not stop answering")
        if time.monotonic() > self._deadline:
            raise TimeoutError
        return came

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._opened


class ImapLink(IMAPClient):  # type: ignore[misc]
    """An IMAPClient over a connection to a checked address. `open_imap` makes a ready one."""

    def __init__(self, reached: Reached, settings: ImapSettings, seconds: float) -> None:
        self._opened = reached.socket
        self._seconds = seconds
        self._idle_just_begun = False
        #: The IP address that was checked and connected to.
        self.address = reached.address
        # `ssl` only tells IMAPClient that TLS is spoken already; the socket came that way.
        spoken = settings.security is Security.TLS
        super().__init__(settings.host, settings.port, ssl=spoken, timeout=seconds)

        # imapclient has imaplib write down all that is said: time for each octet, and mail in a debugger's log.
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 (imapclient's name)
        return _BoundedImap4(self._opened, self.host, self.port, self._seconds)

    def fetch(self, messages: Any, data: Any, modifiers: Any = None) -> Any:
        """Fetch as imapclient does; answers of the plain form are read by `plain_answers`."""
        if self.normalise_times or modifiers or not messages:
            return super().fetch(messages, data, modifiers)
        asked = ",".join(map(str, messages))
        typ, said = self._imap.uid("FETCH", asked, f"({' '.join(data)})")
        self._checkok("fetch", typ, said)
        found = plain_answers(said)
        if found is None:
            found = parse_fetch_response(said, normalise_times=False)
        # Drop news of other mails.
        return {uid: found[uid] for uid in messages if uid in found}

    @property
    def certificate(self) -> Certificate | None:
        """What the server showed; None without TLS."""
        return read_certificate(self._imap.sock) if self.encrypted else None

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return isinstance(self._imap.sock, ssl.SSLSocket)

    def idle(self) -> None:
        """Enter IDLE; the server may then be silent for as long as it likes."""
        super().idle()
        self._idle_just_begun = True
        self._imap.expect(timed=False)

    def idle_check(self, timeout: float | None = None) -> Any:
        """Wait for answers as imapclient does; at first look at what was read along with the server's answer to IDLE.

        No poll of the socket shows that: imapclient would find it with the next answer, minutes later.
        """
        return (self._idle_just_begun and super().idle_check(0)) or super().idle_check(timeout)

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        just_begun, self._idle_just_begun = self._idle_just_begun, False
        return just_begun or super()._poll_socket(sock, timeout)

    def close(self) -> None:
        """Close the connection, politely where the server still listens. Nothing depends on its answer."""
        with suppress(*FAILURES):
            self._imap.sock.settimeout(min(self._seconds, 2.0))
            self.logout()
        with suppress(*FAILURES):
            self.shutdown()


def open_imap(
    settings: ImapSettings,
    credential: str | None,
    *,
    reach: Reach = BY_SYSTEM,
    seconds: float = COMMAND_SECONDS,
    tls: ssl.SSLContext | None = None,
) -> ImapLink:
    """Connect to a mailbox's server, protect the connection and log in; `seconds` is what each step may take.

    Raises:
        TransientMailError: at whatever step it failed; nothing is left open.
    """
    addresses = reach.resolve(settings.host, settings.port)
    reached = protect(reach.connect(addresses, settings.port, seconds), settings, tls)
    link = greet(reached, settings, seconds)
    try:
        if settings.security is Security.STARTTLS:
            start_tls(link, settings, tls)
        log_in(link, settings, credential)
    except BaseException:
        link.close()
        raise
    return link


def protect(reached: Reached, settings: ImapSettings, tls: ssl.SSLContext | None = None) -> Reached:
    """Speak TLS from the first byte where the profile says so (RFC 8314); else return the connection as it is."""
    if settings.security is not Security.TLS:
        return reached
    try:
        context = tls or client_context(settings.ca_file)
        return Reached(context.wrap_socket(reached.socket, server_hostname=settings.host), reached.address)
    except (MailError, OSError) as error:
        reached.socket.close()
        raise classify(error, Verb.TLS) from None


def greet(reached: Reached, settings: ImapSettings, seconds: float) -> ImapLink:
    """Wait for the server's greeting and its capabilities."""
    try:
        return ImapLink(reached, settings, seconds)
    except FAILURES as error:
        reached.socket.close()
        raise classify(error, Verb.GREETING) from None


def start_tls(link: ImapLink, settings: ImapSettings, tls: ssl.SSLContext | None = None) -> None:
    """Switch to TLS (RFC 9051 6.2.1); what came in plain text before is forgotten.

    Raises:
        TransientMailError: `starttls_missing` when it is not offered, or why it failed.
    """
    context = tls or client_context(settings.ca_file)
    try:
        link.starttls(context)
    except IMAPClientError as error:
        raise classify(error, Verb.STARTTLS) from None
    except FAILURES as error:
        raise classify(error, Verb.TLS) from None


def log_in(link: ImapLink, settings: ImapSettings, credential: str | None) -> str | None:
    """Log in with one mechanism and return its name; None for a mailbox without a user.

    AUTHENTICATE PLAIN where it is offered, because it carries every character safely, else LOGIN.

    Raises:
        TransientMailError: `authentication_without_tls` when the password would travel in plain text beyond this
            machine, `credential_missing`, `credential_unusable` for characters the mechanism cannot carry, or the
            server's refusal.
    """
    username = settings.username
    if username is None:
        return None
    if not credential:
        raise TransientMailError("credential_missing", verb=Verb.AUTH)
    if not link.encrypted and not is_loopback(link.address):
        raise TransientMailError("authentication_without_tls", verb=Verb.AUTH)
    try:
        if link.has_capability("AUTH=PLAIN"):
            if "\0" in username + credential:
                raise TransientMailError("credential_unusable", verb=Verb.AUTH)
            link.plain_login(username, credential)
            return "plain"
        if link.has_capability("LOGINDISABLED"):
            raise TransientMailError("authentication_not_offered", verb=Verb.AUTH)
        text = username + credential
        if not text.isascii() or not text.isprintable():
            raise TransientMailError("credential_unusable", verb=Verb.AUTH)
        # imaplib quotes the password, and leaves the user to end the command early.
        link.login(_quoted(username), credential)
        return "login"
    except FAILURES as error:
        raise classify(error, Verb.AUTH) from None


def _quoted(text: str) -> str:
    """Return a quoted string (RFC 9051 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
