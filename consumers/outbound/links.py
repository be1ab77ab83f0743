"""The kept connection of one sender: opened when needed, reused while it is good, closed in time.

Servers end connections that idle or carry too much, so ours ends first. It knows the profile it is open for and
opens anew when the profile has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from profiles.errors import MailError
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

    def __init__(self, open_link: OpenLink) -> None:
        self._open = open_link
        self._link: SmtpLink | None = None
        self._profile: Profile | None = None
        self._opened_at = self._used_at = 0.0
        self._mails = 0

    async def begin(self, profile: Profile, size: int) -> SmtpLink:
        """Return a connection whose server has accepted MAIL for a message of `size` octets.

        A kept connection may have been ended by the server without a word; then a new one is opened, once.

        Raises:
            MailError: when none can be opened, or the sender is refused.
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
        ):
            await self.close()
        if self._link is None:
            self._link = await self._open(profile)
            self._profile, self._opened_at, self._mails = profile, now, 0
        self._used_at, self._mails = now, self._mails + 1
        return self._link

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
        """Say QUIT, if the server still listens, and close."""
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
