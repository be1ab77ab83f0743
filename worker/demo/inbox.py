"""The demo's reader: fetches what has arrived over IMAP and shows it as a person would look at it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from imapclient import IMAPClient

#: Lines of a mail's text that are shown.
SHOWN_LINES = 14


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it is shown. `eml` and `html` are where it lies."""

    event_id: str
    sender: str
    recipient: str
    subject: str
    text: str
    eml: Path
    html: Path


class Inbox:
    """One IMAP connection that remembers what it has shown."""

    def __init__(self, port: int, user: str, password: str, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._client = IMAPClient("127.0.0.1", port, ssl=False, timeout=10)
        self._client.login(user, password)
        self._client.select_folder("INBOX", readonly=True)
        self._last = 0

    def new(self) -> list[Arrived]:
        """Return the mails that have come since the last call, in order."""
        self._client.noop()
        uids = sorted(uid for uid in self._client.search() if uid > self._last)
        if not uids:
            return []
        found = self._client.fetch(uids, ["BODY.PEEK[]"])
        self._last = uids[-1]
        return [self._keep(uid, found[uid][b"BODY[]"]) for uid in uids if uid in found]

    def close(self) -> None:
        """Say goodbye."""
        self._client.logout()

    def _keep(self, uid: int, raw: bytes) -> Arrived:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        eml, html = self._folder / f"{uid:03}.eml", self._folder / f"{uid:03}.html"
        eml.write_bytes(raw)
        page, text = message.get_body(("html",)), message.get_body(("plain",))
        html.write_text(page.get_content() if page else "", "utf-8")
        return Arrived(
            event_id=str(message["X-Runmail-Event"]),
            sender=str(message["From"]),
            recipient=str(message["To"]),
            subject=str(message["Subject"]).strip(),
            text=text.get_content() if text else "",
            eml=eml,
            html=html,
        )


def first_lines(text: str) -> list[str]:
    """Return the beginning of a mail's text, with a mark where more follows."""
    lines = text.rstrip().splitlines()
    return lines if len(lines) <= SHOWN_LINES else [*lines[: SHOWN_LINES - 1], "…"]
