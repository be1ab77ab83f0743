"""Switching a profile off and on, and removing it: what still refers to it is said first."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from profiles.errors import ProfileInUse, UnknownProfile
from profiles.page.endpoints import ROOT, profile_id_of
from profiles.page.parts import ProfileParts
from profiles.page.shell.notices import Tone
from profiles.references import references
from profiles.removing import Destination, GiveUp, MoveTo, Removed, remove
from profiles.switching import switch


def disable(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Switch a profile off; its mail is held."""
    return _switch(parts, request, enabled=False)


def enable(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Switch a profile on; its mail is released."""
    return _switch(parts, request, enabled=True)


def show_delete(parts: ProfileParts, request: Request) -> Response:
    """Say what refers to a profile, and ask where its waiting mail goes."""
    return _ask(parts, request, "", "")


def send_delete(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Remove a profile, or say why that cannot be."""
    profile = parts.store.get(profile_id_of(request))
    mail = sent.get("mail", "")
    destination: Destination = None
    if mail == "fail":
        destination = GiveUp()
    elif mail == "move":
        destination = MoveTo(sent.get("to", ""))
    try:
        done = remove(
            parts.store, profile.name, waiting=parts.waiting, destination=destination, by=parts.author(request)
        )
    except ProfileInUse as error:
        return _ask(parts, request, _sentence(str(error)), mail, 409)
    except UnknownProfile as error:
        if mail == "move" and error.wanted == sent.get("to"):
            return _ask(parts, request, "Choose the profile that sends its waiting mail.", mail, 422)
        raise
    return parts.pages.go(request, ROOT, _told(done, sent.get("to", "")))


def _switch(parts: ProfileParts, request: Request, *, enabled: bool) -> Response:
    name = parts.store.get(profile_id_of(request)).name
    done = switch(parts.store, name, enabled=enabled, waiting=parts.waiting, by=parts.author(request))
    said = f"Profile “{name}” is {'enabled' if enabled else 'disabled'}."
    if done.mails:
        said += f" {_mails(done.mails)} {'released' if enabled else 'held'}."
    return parts.pages.go(request, ROOT, said)


def _ask(parts: ProfileParts, request: Request, fault: str, mail: str, status: int = 200) -> Response:
    profile = parts.store.get(profile_id_of(request))
    found = references(parts.store, profile, parts.waiting, parts.mentions)
    return parts.pages.show(
        request,
        "profiles/delete.html",
        status,
        profile=profile,
        found=found,
        waiting=sum(found.waits.by_state.values()),
        others=[each.name for each in parts.store.all() if each.id != profile.id],
        fault=fault,
        mail=mail,
        tone=Tone.BAD,
    )


def _told(done: Removed, to: str) -> str:
    said = f"Profile “{done.profile.name}” is deleted."
    if done.moved.moved:
        said += f" {_mails(done.moved.moved)} moved to “{to}”."
    if done.moved.suppressed:
        said += f" {_mails(done.moved.suppressed)} suppressed: “{to}” may not write to the recipients."
    if done.failed:
        said += f" {_mails(done.failed)} failed."
    return said


def _mails(number: int) -> str:
    return "1 mail is" if number == 1 else f"{number:,} mails are"


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
