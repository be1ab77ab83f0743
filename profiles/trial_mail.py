"""The mail of a connection test: it says what it is, and asks for nothing. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from profiles.addresses import read_address
from profiles.profile import Profile

TEXT = """\
This mail was sent by runmail to test the email profile “{name}”.

It came through {host}, port {port}. Nothing needs to be done.
"""


def write_trial_mail(
    profile: Profile, recipient: str, now: int, new_id: Callable[[], str] = lambda: secrets.token_hex(16)
) -> bytes:
    """Return the mail from a profile's sender to an address, written at `now` (milliseconds UTC).

    Raises:
        UnusableAddress: when `recipient` is no address.
    """
    mail = EmailMessage(policy=SMTP)
    domain = profile.from_address.rpartition("@")[2]
    mail["From"] = Address(_plain(profile.from_name), addr_spec=profile.from_address)
    mail["To"] = read_address(recipient).wire
    mail["Subject"] = "Test mail of runmail"
    mail["Date"] = datetime.fromtimestamp(now / 1000, UTC)
    mail["Message-ID"] = f"<{new_id()}@{domain}>"
    # No machine answers it, so that a test does not start a conversation between two of them.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    smtp = profile.smtp
    mail.set_content(TEXT.format(name=profile.name, host=smtp.host, port=smtp.port), cte="quoted-printable")
    return mail.as_bytes()


def _plain(name: str) -> str:
    """Return a name without the form of an encoded word, which would be read back as another header."""
    return name.replace("=?", "= ?")
