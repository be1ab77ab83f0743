"""The connection test of a profile's SMTP side, stage by stage; it sends a mail only if that is asked for.

resolve → connect → tls → greeting → authenticate → sender → recipient (→ mail); with `starttls`, TLS comes after the
greeting.
The stages are yielded as they happen; the first that fails is the last.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

from profiles.errors import MailError, TransientMailError
from profiles.profile import Profile, Security
from profiles.reach import BY_SYSTEM, Reach, Reached
from profiles.smtp_link import SmtpLink
from profiles.stages import Stage
from profiles.stopwatch import Stopwatch
from profiles.trial_mail import write_trial_mail

#: Seconds a stage may take; shorter than for mail, because a person waits.
STAGE_SECONDS = 15.0
#: Bytes asked for with MAIL: the most that a mail of ours has.
LARGEST_MAIL = 95 * 1024


async def check_smtp(
    profile: Profile,
    credential: str | None,
    *,
    now: int,
    recipient: str = "",
    send: bool = False,
    reach: Reach = BY_SYSTEM,
    seconds: float = STAGE_SECONDS,
    local_hostname: str = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Stage]:
    """Test the SMTP side at `now` (milliseconds UTC).

    `recipient` is asked for (RCPT), and written to only with `send`; empty means the first default recipient, else
    the sender.
    """
    settings = profile.smtp
    watch = Stopwatch(settings)
    reached: Reached | None = None
    link: SmtpLink | None = None
    stage = "resolve"
    try:
        addresses = await reach.resolve_async(settings.host, settings.port, seconds)
        yield watch.ok(stage, ", ".join(addresses))
        stage = "connect"
        reached = await reach.connect_async(addresses, settings.port, seconds)
        yield watch.ok(stage, f"{reached.address} port {settings.port}")
        stage = "tls"
        link = await SmtpLink.over(reached, settings, seconds=seconds, tls=tls)
        if settings.security is not Security.STARTTLS:
            yield watch.protected(link.certificate, link.address, now)
        stage = "greeting"
        greeting = await link.greet()
        await link.hello(local_hostname)
        yield watch.ok(stage, greeting.text)
        if settings.security is Security.STARTTLS:
            stage = "tls"
            await link.start_tls(tls)
            await link.hello(local_hostname)
            yield watch.protected(link.certificate, link.address, now)
        stage = "authenticate"
        mechanism = await link.log_in(credential)
        if mechanism is None:
            yield watch.skipped(stage, "the profile names no user")
        else:
            yield watch.ok(stage, f"as {settings.username} ({mechanism.upper()})")
        stage = "sender"
        await link.mail_from(profile.from_address, LARGEST_MAIL)
        yield watch.ok(stage, f"{profile.from_address} may send")
        stage = "recipient"
        asked = recipient or next(iter(profile.recipients), profile.from_address)
        try:
            await link.rcpt_to(asked)
            yield watch.ok(stage, f"{asked} is accepted" + ("" if send else "; no mail was sent"))
        except TransientMailError as error:
            if send or error.code is None or not link.usable:
                raise
            yield watch.warning(
                stage, f"{asked} is not accepted yet (“{error.answer}”)", "usual at servers that let strangers wait"
            )
        if send:
            stage = "mail"
            taken = await link.data(write_trial_mail(profile, asked, now))
            yield watch.ok(stage, f"a test mail to {asked} was taken (“{taken}”)")
        else:
            await link.reset()
        await link.quit()
    except MailError as error:
        yield watch.failed(stage, error)
    finally:
        if link is not None:
            link.close()
        elif reached is not None:
            reached.socket.close()
