"""Previews: the mail an event would become, as files to look at. Nothing is sent, nothing is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from consumers.contract.events import Event
from consumers.mails.compose import Envelope, assemble
from consumers.mails.related import with_inline_pictures
from consumers.mails.rendering import Renderer
from consumers.mails.wire import check_wire
from consumers.meaning import consumer_of
from consumers.notice import Question, Skip
from profiles.profile import Profile

#: The files of a preview.
FILES = ("subject.txt", "body.txt", "body.html", "message.eml")


class NoMail(Exception):
    """Raised when an event becomes no mail; the text says why."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail as it would be sent to one recipient. `page` is the HTML with its pictures inside, for a browser."""

    subject: str
    text: str
    html: str
    page: str
    message: bytes

    def write(self, folder: Path) -> list[Path]:
        """Write FILES into a folder, which is made; return their paths.

        Raises:
            OSError: when they cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        contents = (f"{self.subject}\n".encode(), self.text.encode(), self.page.encode(), self.message)
        paths = [folder / name for name in FILES]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return paths


def preview(event: Event, profile: Profile, recipient: str, renderer: Renderer, now: datetime) -> Preview:
    """Return the mail of an event.

    Raises:
        NoMail: when the event's type or content needs none.
        RenderFailed: when a template fails.
        WireMismatch: when the bytes would not be what was meant.
    """
    consumer = consumer_of(event)
    if consumer is None:
        raise NoMail(f"this version sends no mail for {event.type}")
    notice = consumer(event)
    if isinstance(notice, Skip):
        raise NoMail(f"the event needs no mail: {notice.reason}")
    if isinstance(notice, Question):
        raise NoMail("the event is told by the one that answers it: see `runmail report --preview`")
    rendered = renderer.render(notice, event=event, profile=profile)
    envelope = Envelope(
        event_id=event.id,
        event_type=event.type,
        profile=profile,
        recipient=recipient,
        message_id=f"preview@{profile.from_address.rpartition('@')[2]}",
        date=now,
        thread_key=notice.thread_key,
        answered=notice.answered,
    )
    message = assemble(rendered, envelope)
    check_wire(message, envelope)
    page = with_inline_pictures(rendered.html, rendered.pictures)
    return Preview(rendered.subject, rendered.text, rendered.html, page, message)
