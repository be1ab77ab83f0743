"""The kept connection of one sender: opened when needed, reused while it is good, closed in time.

Servers end connections that idle or carry too much, so ours ends first. It knows the profile it is open for and
opens anew when the profile has changed. It passes the gate before it opens.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from consumers.outbound.gate import Gate, Place
from profiles.errors import MailError, TransientMailError
from profiles.profile import Profile
from profiles.smtp_link import SmtpLink

#: Opens a connection for a profile: resolve, connect, TLS, greeting, login.
OpenLink = Callable[[Profile], Awaitable[SmtpLink]]

#: Seconds a connection may idle, and live: below the five minutes of RFC 5321 4.5.3.2.7 and common proxies.
IDLE_SECONDS = 30.0
LIFE_SECONDS = 280.0
#: Mails of one connection; Exim's default is 1000 and others take 100.
MOST_MAILS = 100
#: Seconds a polite QUIT may take.
QUIT_SECONDS = 2.0


class LinkKeeper:
    """Keeps at most one SmtpLink. Of one sender only: never shared between tasks."""

    def __init__(self, open_link: OpenLink, gate: Gate) -> None:
        self._open = open_link
        self._gate = gate
        self._link: SmtpLink | None = None
        self._place: Place | None = None
        self._profile: Profile | None = None
        self._opened_at = self._used_at = 0.0
        self._mails = 0

    @property
    def has_place(self) -> bool:
        """Whether this sender holds a right to a connection."""
        return self._place is not None

    async def begin(self, profile: Profile, size: int) -> SmtpLink:
        """Return a connection whose server has accepted MAIL for a message of `size` octets.

        A kept connection may have been ended by the server without a word; then a new one is opened, once.

        Raises:
            MailError: when none can be opened, or the sender is refused.
            NotNow: when none may be opened now.
        """
        kept = self._link is not None
        link = await self._ready(profile)
        try:
            await link.mail_from(profile.from_address, size)
        except MailError as error:
            if not kept or not _is_lost(error):
                raise
            self._drop()
            link = await self._ready(profile)
            await link.mail_from(profile.from_address, size)
        return link

    async def _ready(self, profile: Profile) -> SmtpLink:
        """Return a connection that can take a MAIL command."""
        now = time.monotonic()
        if self._link is not None and (
            not self._link.usable
            or self._profile != profile
            or self._mails >= MOST_MAILS
            or now - self._opened_at > LIFE_SECONDS
            or now - self._used_at > IDLE_SECONDS
            or self._place is None
            or not self._gate.holds(self._place)
        ):
            await self._hang_up()
        if self._link is None:
            self._link = await self._pass_gate(profile)
            self._profile, self._opened_at, self._mails = profile, now, 0
        self._used_at, self._mails = now, self._mails + 1
        return self._link

    async def _pass_gate(self, profile: Profile) -> SmtpLink:
        """Open a connection in a place of the profile, and report how it went."""
        self._place = place = await self._gate.enter(profile, self._place)
        try:
            link = await self._open(profile)
        except MailError as error:
            self._place = None
            await self._gate.failed(profile, place, error)
            raise
        except asyncio.CancelledError:
            # The attempt's time is over: the caller makes it a failure, and so does the gate.
            self._place = None
            await self._gate.failed(profile, place, TransientMailError("timed_out"))
            raise
        await self._gate.opened(profile, place)
        return link

    async def reset(self) -> None:
        """Give up the transaction begun; the connection stays if the server agrees."""
        if self._link is not None:
            try:
                await self._link.reset()
            except MailError:
                self._drop()

    async def after(self, error: MailError) -> None:
        """Make the connection fit for the next mail after `error`, or close it."""
        if self._link is None:
            return
        if _is_lost(error) or not self._link.usable:
            self._drop()
        else:
            await self.reset()

    async def close(self) -> None:
        """Say QUIT, if the server still listens, close, and give the place back."""
        await self._hang_up()
        place, self._place = self._place, None
        if place is not None:
            self._gate.leave(place)

    async def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        with contextlib.suppress(MailError, TimeoutError):
            async with asyncio.timeout(QUIT_SECONDS):
                await link.quit()
        link.close()

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _is_lost(error: MailError) -> bool:
    """Say whether nothing more can be said on the connection: no answer, or its end announced (421)."""
    return error.code is None or error.code == 421
