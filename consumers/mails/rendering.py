"""Rendering: subject, text and HTML of a Notice, the same for every recipient.

Templates are files, ours in `templates/`; a folder given by the operator replaces those of the same name. They run
in a sandbox, and a name they misspell is an error when they are loaded or rendered, never an empty place in a mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from consumers.contract.events import Event
from consumers.mails.alert_view import alert_view
from consumers.mails.budget import HEADERS, MAX_MESSAGE, STEPS, Budget
from consumers.mails.cleaning import clean_line, cut
from consumers.mails.encoding import encode_body
from consumers.mails.related import Picture, with_pictures
from consumers.mails.run_finished_view import run_finished_view
from consumers.mails.summary_ready_view import SummaryReadyView, summary_ready_view
from consumers.notice import Notice
from profiles.profile import Profile

TEMPLATES = Path(__file__).with_name("templates")
PARTS = ("subject.txt", "body.txt", "body.html")
#: Characters of a subject; what a phone shows is less, what a mail client lists rarely more.
MAX_SUBJECT = 180

View = Callable[[Any, str, Budget], object]
VIEWS: dict[str, View] = {
    "alert": alert_view,
    "run_finished": run_finished_view,
    "summary_ready": summary_ready_view,
}


class RenderFailed(Exception):
    """Raised when a template cannot be loaded or rendered; names the template, never what it was given."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail before it has a recipient. `text_part` and `html_part` are encoded MIME parts, headers included.

    `html_part` holds the `pictures` that the page shows.
    """

    subject: str
    text: str
    html: str
    text_part: bytes
    html_part: bytes
    pictures: tuple[Picture, ...] = ()


class Renderer:
    """Renders notices. Loads and compiles every template at once, so that a faulty one is found at the start.

    Raises:
        RenderFailed: when a template cannot be compiled.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        loaders: list[BaseLoader] = [FileSystemLoader(TEMPLATES)]
        if overrides is not None:
            if not overrides.is_dir():
                raise RenderFailed(f"the folder of templates {overrides} is not there")
            loaders.insert(0, FileSystemLoader(overrides))
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
        )
        for template in VIEWS:
            for part in PARTS:
                self._load(f"{template}/{part}")

    def render(self, notice: Notice, *, event: Event, profile: Profile) -> Rendered:
        """Render a notice, shortened step by step until the whole message is small enough.

        Raises:
            RenderFailed: when a template fails.
        """
        for budget in STEPS:
            rendered = self._render(notice, event, profile, budget)
            if len(rendered.text_part) + len(rendered.html_part) + HEADERS <= MAX_MESSAGE:
                break
        return rendered

    def _render(self, notice: Notice, event: Event, profile: Profile, budget: Budget) -> Rendered:
        view = VIEWS[notice.template](notice.data, profile.timezone, budget)
        values = {
            "view": view,
            "event": {"id": clean_line(event.id), "source": clean_line(event.source), "type": event.type},
            "profile": {"name": clean_line(profile.name)},
        }
        subject = cut(clean_line(self._fill(f"{notice.template}/subject.txt", values)), MAX_SUBJECT)
        values["subject"] = subject
        text = self._fill(f"{notice.template}/body.txt", values).strip("\n") + "\n"
        html = self._fill(f"{notice.template}/body.html", values).strip() + "\n"
        pictures = view.pictures if isinstance(view, SummaryReadyView) else ()
        html_part = with_pictures(encode_body(html, "html"), html, pictures)
        return Rendered(subject, text, html, encode_body(text, "plain"), html_part, pictures)

    def _fill(self, name: str, values: dict[str, Any]) -> str:
        try:
            return str(self._load(name).render(values))
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise RenderFailed(f"the template {name} failed: {type(error).__name__}") from None

    def _load(self, name: str) -> Any:
        try:
            return self._environment.get_template(name)
        except TemplateError as error:
            line = f" line {error.lineno}" if hasattr(error, "lineno") else ""
            raise RenderFailed(f"the template {name}{line} cannot be used: {error.message}") from None
