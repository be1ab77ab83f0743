"""Saving a sent form: through the store, as the terminal does; what stands against it is said beside its field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from profiles.credential_choice import usable_credential
from profiles.drafts import NONE_GIVEN, SERVICES, Credentials
from profiles.errors import CredentialNeeded, CredentialUnreadable, ProfileChanged, ProfileExists
from profiles.page.draft_shelf import KeptForm
from profiles.page.endpoints import ROOT
from profiles.page.form_fields import before_of, fields_of, merged
from profiles.page.form_reading import credential_fault, read_form
from profiles.page.form_view import Form, stored_parts
from profiles.page.parts import ProfileParts
from profiles.page.trying import tests_of
from profiles.profile import Profile
from profiles.trail import changes_between, latest
from profiles.trail_words import change_in_words

Render = Callable[[ProfileParts, Request, Form, int], Response]


def save(parts: ProfileParts, request: Request, form: Form, render: Render) -> Response:
    """Save the form and lead to the list; show it again when it cannot be saved as it is."""
    assert form.draft is not None
    read = read_form(form.fields, form.current, parts.store.all(), form.typed)
    if read.profile is None or form.followed:
        # What followed by itself is looked at before it is saved.
        return render(parts, request, replace(form, faults=read.faults), 422)
    profile = read.profile
    if faults := _missing_credentials(parts, form, profile, form.draft):
        return render(parts, request, replace(form, faults=faults), 422)
    credentials = _used(form.draft, profile)
    before = before_of(form.fields, profile.id)
    try:
        if form.current is None:
            kept = parts.store.add(profile, credentials, by=parts.author(request))
        else:
            if before is not None:
                # Whether it is switched on is no part of the form, so that nobody is refused for it.
                before = replace(before, enabled=form.current.enabled)
            kept = parts.store.update(profile, credentials, before=before or form.current, by=parts.author(request))
    except ProfileExists as error:
        return render(parts, request, replace(form, faults={"name": f"{error}."}), 422)
    except CredentialNeeded as error:
        fault = credential_fault(error, is_typed_first=False)
        return render(parts, request, replace(form, faults={f"{error.service}.password": fault}), 422)
    except ProfileChanged:
        return render(parts, request, _beside_others(parts, form, before), 409)
    for service, test in tests_of(list(form.trials), kept, credentials, form.draft.marks).items():
        parts.store.record_test(kept.id, service, test)
    parts.shelf.forget(parts.owner(request), form.draft.id)
    said = "created" if form.current is None else "saved"
    return parts.pages.go(request, ROOT, f"Profile “{kept.name}” is {said}.")


def _missing_credentials(parts: ProfileParts, form: Form, profile: Profile, draft: KeptForm) -> dict[str, str]:
    """Return what must be typed before this can be saved, by the password's field."""
    faults = {}
    for service in SERVICES:
        try:
            usable_credential(parts.store, form.current, profile, service, draft.credentials.of(service))
        except CredentialNeeded as error:
            had_none = stored_parts(form.current, service) is None and service not in draft.stale
            faults[f"{service}.password"] = credential_fault(error, had_none)
        except CredentialUnreadable:
            # It stays as it is; the list says that the profile fails.
            continue
    return faults


def _used(draft: KeptForm, profile: Profile) -> Credentials:
    """Return the typed credentials that belong to a service of the profile."""
    return Credentials(
        draft.credentials.smtp if profile.smtp.username else NONE_GIVEN.smtp,
        draft.credentials.imap if profile.imap else NONE_GIVEN.imap,
    )


def _beside_others(parts: ProfileParts, form: Form, before: Profile | None) -> Form:
    """Return the form on top of what others changed meanwhile, with what that was."""
    assert form.current is not None
    current = parts.store.get(form.current.id)
    before = before or form.current
    fields = merged(fields_of(before), form.fields, fields_of(current))
    changes = changes_between(before, current)
    with parts.store.reading() as session:
        last = latest(session, current.name, 1)
    return replace(
        form,
        fields=fields,
        current=current,
        conflict=tuple((name, change_in_words(change)) for name, change in changes.items()),
        conflict_by=last[0].author.who if last else "",
    )
