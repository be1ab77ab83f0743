"""Rendering: subject, text and HTML of a Notice, the same for every recipient.

Each profile's mail is made from its set of templates (`template_files`), in a sandbox (`sandbox`). Whether a
folder of templates is sound is found out when it is loaded (`template_check`); should one of them fail at a mail
nevertheless, that mail is made from the built-in templates, because it has to go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from jinja2 import Environment, TemplateError

from consumers.contract.events import Event
from consumers.facts import Tell, TemplateFailed, untold
from consumers.mails.alert_view import alert_view
from consumers.mails.answer_view import answer_view
from consumers.mails.answering import footer_commands, taken_line
from consumers.mails.bounds import one_rendering
from consumers.mails.budget import HEADERS, MAX_MESSAGE, STEPS, Budget
from consumers.mails.cleaning import clean_line, cut
from consumers.mails.encoding import encode_body
from consumers.mails.related import Picture, with_pictures
from consumers.mails.run_finished_view import run_finished_view
from consumers.mails.sandbox import Load, MailSandbox, OurSandbox
from consumers.mails.summary_ready_view import SummaryReadyView, summary_ready_view
from consumers.mails.template_files import TemplateSet, built_in
from consumers.notice import Notice
from profiles.profile import Profile

log = structlog.get_logger(__name__)

PARTS = ("subject.txt", "body.txt", "body.html")
#: Characters of a subject; what a phone shows is less, what a mail client lists rarely more.
MAX_SUBJECT = 180

View = Callable[[Any, str, Budget], object]
VIEWS: dict[str, View] = {
    "alert": alert_view,
    "answer": answer_view,
    "run_finished": run_finished_view,
    "summary_ready": summary_ready_view,
}
#: Every template that makes a part of a mail.
MAIL_PARTS = tuple(f"{template}/{part}" for template in VIEWS for part in PARTS)


class RenderFailed(Exception):
    """Raised when a template cannot be compiled or rendered.

    The text names the template and the kind of fault, never what the template was given; `detail` may quote it
    and is for samples only. `path` and `line` say where; `line` is None when that is not known.
    """

    def __init__(self, template: str, path: str, line: int | None, kind: str, detail: str) -> None:
        self.template = template
        self.path = path
        self.line = line
        self.detail = detail
        super().__init__(f"the template {template}{f' line {line}' if line else ''} cannot be used: {kind}")


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


class SetRenderer:
    """Renders notices with one set of templates."""

    def __init__(self, templates: TemplateSet, sandbox: Callable[[Load], Environment] = MailSandbox) -> None:
        self.templates = templates
        self._environment = sandbox(templates.load)

    def compile_all(self) -> list[RenderFailed]:
        """Compile every template that the set adds or that makes a part of a mail; return what is wrong."""
        faults = []
        for name in sorted({*MAIL_PARTS, *self.templates.own}):
            try:
                self._compiled(name)
            except RenderFailed as error:
                faults.append(error)
        return faults

    def render(self, notice: Notice, *, event: Event, profile: Profile) -> Rendered:
        """Render a notice, shortened step by step until the whole message is small enough.

        Raises:
            RenderFailed: when a template fails.
        """
        for budget in STEPS:
            rendered = self.render_within(budget, notice, event, profile)
            if rendered_size(rendered) <= MAX_MESSAGE:
                break
        return rendered

    def render_within(self, budget: Budget, notice: Notice, event: Event, profile: Profile) -> Rendered:
        """Render a notice with one budget, whatever its size comes to.

        Raises:
            RenderFailed: when a template fails.
        """
        view = VIEWS[notice.template](notice.data, profile.timezone, budget)
        values = {
            "view": view,
            "event": {"id": clean_line(event.id), "source": clean_line(event.source), "type": event.type},
            "profile": {"name": clean_line(profile.name)},
            "commands": footer_commands(notice, profile),
            "taken": clean_line(taken_line(notice.taken, profile.timezone)),
        }
        subject = cut(clean_line(self._fill(f"{notice.template}/subject.txt", values)), MAX_SUBJECT)
        values["subject"] = subject
        text = self._fill(f"{notice.template}/body.txt", values).strip("\n") + "\n"
        html = self._fill(f"{notice.template}/body.html", values).strip() + "\n"
        pictures = view.pictures if isinstance(view, SummaryReadyView) else ()
        html_part = with_pictures(encode_body(html, "html"), html, pictures)
        return Rendered(subject, text, html, encode_body(text, "plain"), html_part, pictures)

    def _fill(self, name: str, values: dict[str, Any]) -> str:
        template = self._compiled(name)
        try:
            with one_rendering() as spent:
                parts = []
                for part in template.generate(values):
                    spent.write(len(part))
                    parts.append(part)
                return "".join(parts)
        except Exception as error:  # noqa: BLE001 - a template is a stranger's program: whatever it breaks is its own
            raise self._failed(name, error) from None

    def _compiled(self, name: str) -> Any:
        try:
            return self._environment.get_template(name)
        except Exception as error:  # noqa: BLE001 - the same: even Python's compiler gives up at some templates
            raise self._failed(name, error) from None

    def _failed(self, name: str, error: Exception) -> RenderFailed:
        """Say which file and line an error comes from, as deep as the templates go."""
        path, line = (self.templates.load(name) or ("", name))[1], None
        files = {str(file.path) for file in self.templates.all.values()}
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in files:
                path, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        if isinstance(error, TemplateError) and getattr(error, "lineno", None):
            path, line = getattr(error, "filename", None) or path, error.lineno  # type: ignore[attr-defined]
        return RenderFailed(name, path, line, type(error).__name__, f"{type(error).__name__}: {error}")


@cache
def ours() -> SetRenderer:
    """Return the one renderer of the built-in templates. Each is compiled when a mail first needs it.

    Compiling all of them takes longer than anything else that a worker does before its first mail; that they can be
    compiled is the tests' business, since nobody but us changes them.
    """
    return SetRenderer(built_in(), OurSandbox)


def rendered_size(rendered: Rendered) -> int:
    """Return the bytes of a whole message, its headers at their most."""
    return len(rendered.text_part) + len(rendered.html_part) + HEADERS


def set_of_profile(profile: Profile) -> str | None:
    """Return the name of the set of templates that a profile asks for."""
    return profile.templates


class Renderer:
    """Renders notices with the set of templates that belongs to the profile. Without sets: with the built-in one."""

    def __init__(
        self,
        sets: Sequence[SetRenderer] = (),
        *,
        set_of: Callable[[Profile], str | None] = set_of_profile,
        tell: Tell = untold,
    ) -> None:
        self._built_in = ours()
        self._sets = {each.templates.name: each for each in sets}
        self._set_of = set_of
        self._tell = tell
        self._missing: set[str] = set()

    def render(self, notice: Notice, *, event: Event, profile: Profile) -> Rendered:
        """Render a notice for a profile.

        Raises:
            RenderFailed: when even the built-in templates fail.
        """
        wanted = self._set_of(profile)
        if wanted is not None and wanted not in self._sets and wanted not in self._missing:
            self._missing.add(wanted)
            log.warning("template_set_missing", set=wanted, profile=profile.name)
        chosen = self._sets.get(wanted) or self._sets.get(None)
        if chosen is not None:
            try:
                return chosen.render(notice, event=event, profile=profile)
            except RenderFailed as error:
                log.error("template_failed", template=error.template, file=error.path, line=error.line)
                self._tell(TemplateFailed(notice.template))
        return self._built_in.render(notice, event=event, profile=profile)
