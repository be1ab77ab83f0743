"""Templates: the sets there are, where each template comes from, and the mail of any event made with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.contract import Event, MalformedEvent, read_event
from consumers.contract.reading import read_json
from consumers.mails.preview import NoMail, Preview, preview
from consumers.mails.rendering import Renderer, RenderFailed, SetRenderer
from consumers.mails.template_files import TemplateSet, our_files
from consumers.mails.template_samples import samples
from consumers.mails.wire import WireMismatch
from consumers.views.event_pages import EventSearch, find_events, read_events
from consumers.views.events import read_body
from consumers.views.paging import Place
from consumers.views.web.asking import Asked
from consumers.views.web.parts import ViewParts
from consumers.views.web.shown_mail import ShownMail, framed
from profiles.addresses import UnusableAddress, read_address
from profiles.errors import UnknownProfile
from profiles.profile import Profile, Security, SmtpSettings

PATH = "/templates"
#: The built-in set, and the set of the folder itself, as the page's address names them.
BUILT_IN, FOLDER = "built-in", "folder"
#: Stored events of a type that are offered.
MOST_OFFERED = 20


@dataclass(frozen=True, slots=True)
class Shelf:
    """A set of templates as it is listed: its key, its name, and its templates with where they come from."""

    key: str
    name: str
    templates: tuple[tuple[str, str], ...]


class TemplateViews:
    """Shows templates, and the mails that are made with them."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts
        # Made once: an event of each kind, the largest with them.
        self._samples: dict[str, dict[str, tuple[Event, Profile]]] = {}
        for sample in samples():
            self._samples.setdefault(sample.event.type, {})[sample.name] = (sample.event, sample.profile)
        self._renderers = {BUILT_IN: Renderer(set_of=_always(None))}
        for each in parts.sets:
            self._renderers[_key(each)] = Renderer([each], set_of=_always(each.templates.name))

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [Route(PATH, self.shown), Route(f"{PATH}/mail", self.mail)]

    def shown(self, request: Request) -> Response:
        """Show the sets, and the mail of the event that is asked for."""
        asked = Asked(request.query_params)
        kind = asked.choice("type", list(self._samples)) or next(iter(self._samples))
        chosen = asked.choice("set", list(self._renderers)) or BUILT_IN
        with self._parts.reading() as connection:
            found = find_events(connection, EventSearch(type=kind), Place())
            stored = read_events(connection, found.ids[:MOST_OFFERED])
        names = list(self._samples[kind])
        event = request.query_params.get("event", "")
        made = self._preview(request.query_params, kind, chosen)
        return self._parts.pages.show(
            request,
            "views/templates.html",
            asked=asked,
            kind=kind,
            chosen=chosen,
            event=event if event else f"sample:{names[0]}",
            types=list(self._samples),
            sets=[(shelf.key, shelf.name) for shelf in self._shelves()],
            shelves=self._shelves(),
            samples=names,
            stored=stored,
            mail=made if isinstance(made, ShownMail) else None,
            no_mail=made if isinstance(made, str) else None,
            address=f"{PATH}/mail{asked.query(type=kind, set=chosen, event=event)}",
        )

    def mail(self, request: Request) -> Response:
        """Answer with the HTML of the mail, as the document of a frame."""
        asked = Asked(request.query_params)
        kind = asked.choice("type", list(self._samples)) or next(iter(self._samples))
        made = self._preview(request.query_params, kind, asked.choice("set", list(self._renderers)) or BUILT_IN)
        if isinstance(made, str):
            raise HTTPException(404, made)
        return framed(made.page)

    def _preview(self, given: Mapping[str, str], kind: str, chosen: str) -> ShownMail | str:
        """Return the mail that is asked for, or a sentence on why there is none."""
        found = self._event(given.get("event", ""), kind)
        if isinstance(found, str):
            return found
        event, profile = found
        try:
            made: Preview = preview(
                event, profile, _recipient(event, profile), self._renderers[chosen], datetime.now(UTC)
            )
        except (NoMail, RenderFailed, WireMismatch) as error:
            return f"{str(error)[:1].upper()}{str(error)[1:]}."
        sender = f"{profile.from_name} <{profile.from_address}>" if profile.from_name else profile.from_address
        return ShownMail(made.subject, sender, made.text, made.page)

    def _event(self, text: str, kind: str) -> tuple[Event, Profile] | str:
        """Return the sample or the stored event that is asked for, with its profile."""
        if not text.isdigit() or len(text) > 18:
            name = text.removeprefix("sample:")
            every = self._samples[kind]
            return every.get(name) or next(iter(every.values()))
        with self._parts.reading() as connection:
            body = read_body(connection, int(text))
        if body is None:
            return "There is no such event."
        try:
            event = read_event(read_json(body))
        except MalformedEvent as error:
            return f"The event cannot be read: {error.text}."
        try:
            return event, self._parts.profiles.by_name(event.data.profile)
        except UnknownProfile:
            smtp = SmtpSettings("localhost", 25, Security.NONE)
            return event, Profile(id=0, name=event.data.profile, from_address="runmail@example.com", smtp=smtp)

    def _shelves(self) -> list[Shelf]:
        """Return every set, the built-in one first."""
        found = [Shelf(BUILT_IN, "Built-in", tuple((name, "built-in") for name in sorted(our_files())))]
        for each in self._parts.sets:
            templates = each.templates
            rows = tuple((name, _origin(templates, name)) for name in sorted(templates.all))
            found.append(Shelf(_key(each), templates.name or "Folder of templates", rows))
        return found


def _key(each: SetRenderer) -> str:
    return FOLDER if each.templates.name is None else f"set:{each.templates.name}"


def _always(name: str | None) -> Callable[[Profile], str | None]:
    return lambda profile: name


def _origin(templates: TemplateSet, name: str) -> str:
    """Return where a template of a set comes from."""
    if name in templates.own:
        return "replaced here" if name in templates.beneath else "added here"
    return "built-in" if templates.beneath[name] == our_files().get(name) else "replaced in the folder"


def _recipient(event: Event, profile: Profile) -> str:
    for text in (*event.data.recipients, *profile.recipients):
        try:
            return read_address(text).wire
        except UnusableAddress:
            continue
    return "team@example.com"
