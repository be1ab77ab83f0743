"""The form of a profile: shown empty, filled or with faults, and what each of its buttons does.

A sent form is kept on the server first, whatever follows, so that nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from profiles.credential_choice import usable_credential
from profiles.drafts import SERVICES
from profiles.errors import CredentialNeeded, CredentialUnreadable
from profiles.form_faults import faults as fault_words
from profiles.page import trying
from profiles.page.draft_shelf import Typed
from profiles.page.endpoints import ROOT, profile_id_of
from profiles.page.form_fields import READS_REPLIES, blank_fields, fields_of, read_fields
from profiles.page.form_filling import fill_in, follow, preset_of
from profiles.page.form_reading import Read, credential_fault, parts_of, read_form, servers_of
from profiles.page.form_view import Form, context, stored_parts
from profiles.page.parts import ProfileParts
from profiles.page.saving import save
from profiles.page.trials import TooManyTrials
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.setting_types import AddressText
from profiles.store import ProfileStore

#: What the buttons that test one service are called.
TESTS: Mapping[str, Service] = {"test-smtp": "smtp", "test-imap": "imap", "send": "smtp"}
#: The name of a profile that has none yet, while it is tested.
UNNAMED = "New profile"


def show_form(parts: ProfileParts, request: Request) -> Response:
    """Show the form of a new profile or of one that is changed; `?draft=` brings back what was typed."""
    current = _current(parts.store, request)
    draft = parts.shelf.find(parts.owner(request), request.query_params.get("draft"), servers_of)
    if draft is not None and (draft.profile_id != profile_id_of(request) or "name" not in draft.fields):
        draft = None
    fields = fields_of(current) if current else blank_fields()
    fields |= dict(draft.fields) if draft else {}
    trials = parts.trials.of_draft(parts.owner(request), draft.id) if draft else []
    return render(parts, request, Form(fields, current, draft, trials=tuple(trials)))


def send_form(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Do what the pressed button says: save, use a preset, test, send a test mail, or cancel."""
    owner, current = parts.owner(request), _current(parts.store, request)
    action = sent.get("action", "save")
    if action == "cancel":
        parts.shelf.forget(owner, sent.get("draft"))
        return parts.pages.go(request, ROOT)
    fields = read_fields(sent)
    followed: dict[Service, str] = {}
    faults: dict[str, str] = {}
    open_parts: dict[Service, frozenset[str]] = {}
    if action == "preset":
        fields, faults = _filled(fields)
    else:
        for service in SERVICES:
            fields, said, changed = follow(fields, service)
            open_parts[service] = changed
            if said and (service == "smtp" or fields[READS_REPLIES]):
                followed[service] = said
    typed = {
        # What followed by itself was not said yet: the credential is bound to it when it is.
        service: Typed(
            parts_of(fields, service, open_parts.get(service, frozenset())), sent.get(f"{service}.password") or None
        )
        for service in SERVICES
    }
    draft = parts.shelf.keep(owner, sent.get("draft"), profile_id_of(request), fields, typed)
    form = Form(
        fields,
        current,
        draft,
        tuple(service for service, each in typed.items() if each.credential),
        faults,
        followed,
        trials=tuple(parts.trials.of_draft(owner, draft.id)),
    )
    if action == "preset":
        return _after_preset(parts, request, form)
    if action in TESTS:
        return _test(parts, request, form, action)
    return save(parts, request, form, render)


def render(parts: ProfileParts, request: Request, form: Form, status: int = 200) -> Response:
    """Show a form."""
    known = parts.store.all()
    return parts.pages.show(request, "profiles/form.html", status, **context(form, known))


def address_of(form: Form) -> str:
    """Return the address where a kept form is shown again."""
    path = f"{ROOT}/{form.current.id}/edit" if form.current else f"{ROOT}/new"
    return f"{path}?draft={form.draft.id}" if form.draft else path


def _current(store: ProfileStore, request: Request) -> Profile | None:
    profile_id = profile_id_of(request)
    return store.get(profile_id) if profile_id else None


def _filled(fields: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields with the chosen preset in them, or what is wrong with the choice."""
    preset = preset_of(fields)
    if preset is None:
        return fields, {"preset": "Choose a mail service first."}
    try:
        return fill_in(fields, preset), {}
    except ValueError as error:
        return fields, {"region": f"{str(error)[:1].upper()}{str(error)[1:]}."}


def _after_preset(parts: ProfileParts, request: Request, form: Form) -> Response:
    if form.faults:
        return render(parts, request, form, 422)
    if request.headers.get("HX-Request") == "true":
        return render(parts, request, form)
    return parts.pages.go(request, address_of(form))


def _test(parts: ProfileParts, request: Request, form: Form, action: str) -> Response:
    """Begin a test of what stands in the form, and show the form with its stages."""
    service = TESTS[action]
    assert form.draft is not None
    if service in form.followed:
        return render(parts, request, form, 422)
    read = _tested(form, service, parts.store.all())
    faults = dict(read.faults)
    mail_to = form.fields["send_to"].strip() if action == "send" else ""
    if action == "send" and (fault := _address_fault(mail_to)):
        faults["send_to"] = fault
    credential = None
    if read.profile is not None and not faults:
        try:
            given = form.draft.credentials.of(service)
            credential = usable_credential(parts.store, form.current, read.profile, service, given)
        except CredentialNeeded as error:
            had_none = stored_parts(form.current, service) is None and service not in form.draft.stale
            faults[f"{service}.password"] = credential_fault(error, had_none)
        except CredentialUnreadable as error:
            faults[f"{service}.password"] = f"The saved one cannot be opened ({error.reason}): type it again."
    if faults or read.profile is None:
        return render(parts, request, replace(form, faults=faults), 422)
    asked = trying.Asked(read.profile, {service: credential}, mail_to)
    try:
        trying.begin(parts, request, asked, draft=form.draft)
    except TooManyTrials as error:
        return render(parts, request, replace(form, faults={"": str(error)}), 429)
    return parts.pages.go(request, f"{address_of(form)}#{service}-test")


def _tested(form: Form, service: Service, known: list[Profile]) -> Read:
    """Read what a test of one service needs; what is wrong elsewhere in the form can be mended later."""
    read = read_form(form.fields, form.current, known, form.typed)
    if read.profile is not None:
        return read
    wanted = {name for name in form.fields if name.startswith(f"{service}.")}
    fields = {name: value if name in wanted else "" for name, value in form.fields.items()}
    fields |= {"name": UNNAMED, "timezone": "UTC", "on_uncertain": "resend", "from": form.fields["from"]}
    if service == "imap":
        fields |= {"from": "nobody@example.com", "smtp.host": "localhost", READS_REPLIES: "on"}
    read = read_form(fields, form.current, [])
    if read.profile is None:
        return read
    name = form.fields["name"].strip()
    return Read(replace(read.profile, name=name[:100] if name.isprintable() and name else UNNAMED))


def _address_fault(text: str) -> str:
    try:
        TypeAdapter(AddressText).validate_python(text)
    except ValidationError as error:
        said = fault_words(error)[0]
        return f"{said[:1].upper()}{said[1:]}."
    return ""
