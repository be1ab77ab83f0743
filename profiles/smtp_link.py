"""A kept SMTP connection of a profile: opened, logged in, and used for one mail after another.

    link = await SmtpLink.open(profile, credential, seconds=30)
    await link.mail_from("qa@example.com", size=len(message))
    await link.rcpt_to("team@example.com")
    answer = await link.data(message)          # commit before this line what must be known if it is never
    answered

One user at a time; one recipient a transaction, because an answer belongs to one recipient. TLS is required
when the profile says so, never opportunistic. It knows nothing of deliveries, retries and limits.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from aiosmtplib.esmtp import parse_esmtp_extensions

from profiles.addresses import UnusableAddress, read_address, read_domain
from profiles.answers import Answer
from profiles.classify import classify
from profiles.errors import MailError, PermanentMailError, TransientMailError
from profiles.profile import Profile, Security, SmtpSettings
from profiles.reach import BY_SYSTEM, Reach, Reached, is_loopback
from profiles.smtp_login import choose_mechanism, log_in
from profiles.smtp_wire import START_INPUT, SmtpWire, stuff
from profiles.tls import Certificate, client_context
from profiles.verbs import Verb

#: Seconds a command may take unless the caller says otherwise.
COMMAND_SECONDS = 30.0
#: Seconds that saying goodbye may take: nothing depends on the answer.
QUIT_SECONDS = 2.0

_ENVELOPE = re.compile(rb"(MAIL FROM|RCPT TO):<[^\s<>]+@[^\s<>@]+>( SIZE=\d+)?\Z")


class SmtpLink:
    """One SMTP session of a profile. `open` makes a ready one; its steps are there for connection tests."""

    def __init__(self, settings: SmtpSettings, wire: SmtpWire) -> None:
        self._settings = settings
        self._wire = wire
        self._transaction = False
        #: What the server offers, by keyword in lower case (RFC 5321 4.1.1.1).
        self.extensions: dict[str, str] = {}
        #: AUTH mechanisms the server offers, in lower case.
        self.mechanisms: tuple[str, ...] = ()

    @classmethod
    async def open(
        cls,
        profile: Profile,
        credential: str | None,
        *,
        reach: Reach = BY_SYSTEM,
        local_hostname: str = "",
        seconds: float = COMMAND_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> SmtpLink:
        """Connect to a profile's server, greet, protect and log in.

        `seconds` is what each step may take. `local_hostname` is what EHLO says; empty means this machine's
        full name, or its address where it has none. `tls` replaces the context made from the profile's CA
        file.

        Raises:
            TransientMailError: at whatever step it failed; nothing is left open.
        """
        settings = profile.smtp
        addresses = await reach.resolve_async(settings.host, settings.port, seconds)
        reached = await reach.connect_async(addresses, settings.port, seconds)
        link = await cls.over(reached, settings, seconds=seconds, tls=tls)
        try:
            await link.greet()
            await link.hello(local_hostname)
            if settings.security is Security.STARTTLS:
                await link.start_tls(tls)
                await link.hello(local_hostname)
            await link.log_in(credential)
        except BaseException:
            link.close()
            raise
        return link

    @classmethod
    async def over(
        cls, reached: Reached, settings: SmtpSettings, *, seconds: float, tls: ssl.SSLContext | None = None
    ) -> SmtpLink:
        """Make a link of a connected socket; with `security = tls` TLS is spoken from the first byte."""
        context = None
        if settings.security is Security.TLS:
            try:
                context = tls or client_context(settings.ca_file)
            except MailError:
                reached.socket.close()
                raise
        return cls(settings, await SmtpWire.connect(reached, settings.host, seconds, context))

    async def greet(self) -> Answer:
        """Wait for the server's greeting."""
        return self._expect(await self._wire.greeting(), Verb.GREETING)

    async def hello(self, local_hostname: str = "") -> Answer:
        """Say EHLO and note what the server offers; what it offered before is forgotten."""
        name = _hello_name(local_hostname, self._wire.local_address)
        answer = await self._wire.command(f"EHLO {name}".encode("ascii"), Verb.EHLO)
        self._expect(answer, Verb.EHLO)
        self.extensions, mechanisms = parse_esmtp_extensions(self._wire.said)
        self.mechanisms = tuple(mechanisms)
        return answer

    async def start_tls(self, tls: ssl.SSLContext | None = None) -> None:
        """Switch to TLS; say EHLO again afterwards.

        Raises:
            TransientMailError: `starttls_missing` when it is not offered: going on in plain text is no choice.
        """
        if "starttls" not in self.extensions:
            raise TransientMailError("starttls_missing", verb=Verb.STARTTLS)
        await self._wire.start_tls(tls or client_context(self._settings.ca_file), self._settings.host)
        self.extensions, self.mechanisms = {}, ()

    async def log_in(self, credential: str | None) -> str | None:
        """Log in with one mechanism and return its name; None for a profile without a user.

        Raises:
            TransientMailError: `authentication_without_tls` when the password would travel in plain text beyond
                this machine, `credential_missing` when there is no password for the user, or the refusal.
        """
        username = self._settings.username
        if username is None:
            return None
        if not credential:
            raise TransientMailError("credential_missing", verb=Verb.AUTH)
        if not self._wire.encrypted and not is_loopback(self._wire.address):
            raise TransientMailError("authentication_without_tls", verb=Verb.AUTH)
        mechanism = choose_mechanism(self.mechanisms)
        await log_in(lambda line: self._wire.command(line, Verb.AUTH), mechanism, username, credential)
        return mechanism

    @property
    def usable(self) -> bool:
        """Whether the next mail may be tried: False once the server closed or anything broke on the wire."""
        return self._wire.is_open

    @property
    def certificate(self) -> Certificate | None:
        """What the server showed; None without TLS."""
        return self._wire.certificate

    @property
    def address(self) -> str:
        """The IP address that is connected to."""
        return self._wire.address

    async def mail_from(self, sender: str, size: int) -> Answer:
        """Begin a transaction; one left open by a refusal is reset first.

        `size` is the message's bytes, told to a server that asks for them (RFC 1870).

        Raises:
            PermanentMailError: when the sender or the size is refused, or the sender is no usable address.
            TransientMailError: when it may be taken later.
        """
        if self._transaction:
            await self.reset()
        line = b"MAIL FROM:<" + _wire_form(sender, Verb.MAIL) + b">"
        if "size" in self.extensions:
            line += b" SIZE=%d" % size
        answer = await self._envelope(line, Verb.MAIL)
        self._transaction = True
        return answer

    async def rcpt_to(self, recipient: str) -> Answer:
        """Name the recipient; what goes out is exactly `read_address(recipient).wire`.

        Raises:
            PermanentMailError, TransientMailError: what the server thinks of the recipient.
        """
        return await self._envelope(b"RCPT TO:<" + _wire_form(recipient, Verb.RCPT) + b">", Verb.RCPT)

    async def data(self, message: bytes, before_dot: Callable[[], None] = lambda: None) -> Answer:
        """Send the message and return the answer to its final dot: the server has taken the mail.

        `before_dot` is called in the last moment before the final dot travels; if it raises, the server never
        sees the dot and throws the mail away, and the connection is closed.

        Raises:
            PermanentMailError: when the server refuses it.
            TransientMailError: when it may be taken later. Reason `answer_lost` says that the final dot had begun
                to travel and no answer came: the server may have taken the mail.
            asyncio.CancelledError: when cancelled; whether the dot was sent is then unknown.
        """
        try:
            stuffed = stuff(message)
        except ValueError as error:
            raise PermanentMailError("message_unusable", verb=Verb.DATA, answer=str(error)) from None
        answer = await self._wire.command(b"DATA", Verb.DATA)
        if answer.code != START_INPUT:
            raise self._refusal(answer, Verb.DATA)
        answer = await self._wire.message(stuffed, before_dot)
        self._transaction = False
        self._expect(answer, Verb.DOT)
        return answer

    async def reset(self) -> None:
        """Forget the transaction (RSET)."""
        self._expect(await self._wire.command(b"RSET", Verb.RSET), Verb.RSET)
        self._transaction = False

    async def quit(self) -> None:
        """Say goodbye and close. Nothing depends on the server's answer, so it is not judged."""
        if self.usable:
            self._wire.seconds = min(self._wire.seconds, QUIT_SECONDS)
            with suppress(MailError):
                await self._wire.command(b"QUIT", Verb.QUIT)
        self.close()

    def close(self) -> None:
        """Close without a word."""
        self._wire.close()

    async def _envelope(self, line: bytes, verb: Verb) -> Answer:
        """Send MAIL or RCPT, after a last look at the very bytes that go out."""
        if not _ENVELOPE.match(line):
            raise PermanentMailError("address_unusable", verb=verb)
        return self._expect(await self._wire.command(line, verb), verb)

    def _expect(self, answer: Answer, verb: Verb) -> Answer:
        """Return an answer that says yes (2yz), or raise what it means."""
        if answer.code // 100 != 2:
            raise self._refusal(answer, verb)
        return answer

    def _refusal(self, answer: Answer, verb: Verb) -> MailError:
        """Return what an answer means; a session that is out of step is closed."""
        error = classify(answer, verb)
        if error.reason in ("malformed_reply", "bad_sequence", "answer_lost"):
            self.close()
        return error


def _wire_form(text: str, verb: Verb) -> bytes:
    """Return the one form in which an address goes out.

    Raises:
        PermanentMailError: `address_unusable` when the text is no address that can safely be sent.
    """
    try:
        return read_address(text).wire.encode("ascii")
    except UnusableAddress as error:
        raise PermanentMailError("address_unusable", verb=verb, answer=error.reason) from None


def _hello_name(given: str, local_address: str) -> str:
    """Return what EHLO says: the name given, this machine's full name, else its address (RFC 5321 4.1.4)."""
    name = given or socket.gethostname()
    try:
        if given or "." in name:
            return read_domain(name)
    except UnusableAddress:
        if given:
            raise TransientMailError("local_hostname_unusable", verb=Verb.EHLO) from None
    tag = "IPv6:" if ":" in local_address else ""
    return f"[{tag}{local_address or '127.0.0.1'}]"
