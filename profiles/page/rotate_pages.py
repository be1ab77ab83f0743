"""Rotating a credential: the new one is tested, stage by stage, and the old one stays if that fails.

What was typed is kept sealed on the server while the test runs, so that “use it anyway” needs no typing again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from profiles.drafts import SERVICES, Credentials
from profiles.page import trying
from profiles.page.draft_place import Parts
from profiles.page.draft_shelf import KeptForm, Typed
from profiles.page.endpoints import ROOT, profile_id_of
from profiles.page.form_view import stored_parts
from profiles.page.parts import ProfileParts
from profiles.page.trials import Came, TooManyTrials, Watch
from profiles.profile import Profile
from profiles.reach import Reach
from profiles.rotating import rotate
from profiles.sealing import Service

#: A field that only forms of this kind have.
KIND = "rotate"


def show_rotate(parts: ProfileParts, request: Request) -> Response:
    """Show the form; with `?trial=` what the test of a new credential comes to."""
    return _show(parts, request, parts.store.get(profile_id_of(request)), {"expires": ""}, {})


def send_rotate(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Begin the test of what was typed; `action=force` keeps what was typed before although its test failed."""
    profile = parts.store.get(profile_id_of(request))
    owner, places = parts.owner(request), _places(profile)
    if sent.get("action") == "cancel":
        parts.shelf.forget(owner, sent.get("draft"))
        return parts.pages.go(request, ROOT)
    is_forced = sent.get("action") == "force"
    if is_forced:
        draft = parts.shelf.find(owner, sent.get("draft"), lambda fields: places)
        if draft is None or KIND not in draft.fields or not draft.kept:
            return _show(parts, request, profile, {"expires": ""}, {"": "It is no longer kept: type it again."}, 422)
    else:
        fields = {KIND: "on", "expires": sent.get("expires", "").strip()[:32]}
        typed = {service: sent.get(f"{service}.password") or None for service in places}
        if sent.get("both") and typed.get("smtp") and "imap" in typed:
            typed["imap"] = typed["smtp"]
        if faults := _faults(typed, fields["expires"]):
            return _show(parts, request, profile, fields, faults, 422)
        draft = parts.shelf.keep(
            owner, None, profile.id, fields, {service: Typed(places[service], typed[service]) for service in places}
        )
    try:
        trial = _begin(parts, request, profile, draft, is_forced=is_forced)
    except TooManyTrials as error:
        return _show(parts, request, profile, draft.fields, {"": str(error)}, 429)
    return parts.pages.go(request, f"{ROOT}/{profile.id}/rotate?trial={trial}")


def _begin(parts: ProfileParts, request: Request, profile: Profile, draft: KeptForm, *, is_forced: bool) -> str:
    """Begin the test that decides, and return its id."""
    owner, author = parts.owner(request), parts.author(request)
    expires = date.fromisoformat(draft.fields["expires"]) if draft.fields["expires"] else None
    given = {service: draft.credentials.of(service) for service in SERVICES if draft.credentials.of(service)}

    def work(watch: Watch, reach: Reach) -> Came:
        done = rotate(
            parts.store,
            profile,
            Credentials(given.get("smtp"), given.get("imap")),
            run_test=lambda tested, service, credential: trying.run_test(
                parts, watch, reach, tested, service, credential
            ),
            force=is_forced,
            expires=expires,
            by=author,
        )
        if done.kept:
            parts.shelf.forget(owner, draft.id)
        return Came(done.tests, done.kept)

    return trying.begin_work(parts, request, trying.Asked(profile, given), work, draft=draft).id


def _show(
    parts: ProfileParts,
    request: Request,
    profile: Profile,
    fields: Mapping[str, str],
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    trial = parts.trials.find(parts.owner(request), request.query_params.get("trial", ""))
    if trial is not None and trial.profile.id != profile.id:
        trial = None
    return parts.pages.show(
        request,
        "profiles/rotate.html",
        status,
        profile=profile,
        services=[(service, place[3]) for service, place in _places(profile).items()],
        expires=fields["expires"],
        faults=faults,
        trial=trial,
    )


def _places(profile: Profile) -> dict[Service, Parts]:
    """Return the servers of a profile that have a credential."""
    found = {service: stored_parts(profile, service) for service in SERVICES}
    return {service: place for service, place in found.items() if place is not None}


def _faults(typed: Mapping[Service, str | None], expires: str) -> dict[str, str]:
    faults = {}
    if not any(typed.values()):
        service = next(iter(typed), "smtp")
        faults[f"{service}.password"] = "Type the new password."
    try:
        if expires:
            date.fromisoformat(expires)
    except ValueError:
        faults["expires"] = "Must be a date such as 2026-12-31."
    return faults
