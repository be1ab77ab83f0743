"""`runmail webhooks`: addresses that get the outgoing events of a profile, signed."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.contract.outgoing_events import OUTGOING_TYPES, OutgoingData, WebhookTest, new_outgoing_id
from consumers.ledger.outgoing_tables import TargetKind
from consumers.views.outgoing import count_dead
from consumers.views.shown_times import shown_time
from consumers.workflows.outcome import Outcome, Verdict
from consumers.workflows.webhook_delivery import deliver_to_webhook
from profiles.errors import ProfileError
from profiles.secret_source import NoSecret, SecretSource
from profiles.webhook_address import shown_url
from profiles.webhooks import Made, Webhook, WebhookStore
from worker.cli import outgoing_deliveries, shown, standing
from worker.cli.author import author
from worker.cli.completing import profile_names
from worker.cli.outgoing_deliveries import Dead, Limit, StateOption, Which
from worker.cli.profile_arguments import AsJson, Name
from worker.ground import Ground, now_milliseconds
from worker.workflows import make_post

app = typer.Typer(
    help="Addresses that get the outgoing events of a profile, signed as Standard Webhooks describes.",
    no_args_is_help=True,
    epilog="Example: runmail webhooks add 'QA alerts' https://ci.example.com/hooks/runmail",
)

#: Milliseconds of the units in which a person says how long an old secret goes on signing.
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
#: Why a webhook is off that a person switched off.
BY_PERSON = "disabled"

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the webhook.", show_default=False)]
SecretFile = Annotated[str | None, typer.Option(help="File with the secret. Default: one is made.")]
SecretEnv = Annotated[str | None, typer.Option(help="Variable with the secret.")]


@app.command(
    epilog="Example: runmail webhooks add 'QA alerts' https://ci.example.com/hook --type runmail.command.issued"
)
def add(
    profile: Name,
    url: Annotated[str, typer.Argument(help="Address that takes the events.", show_default=False)],
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only events of this type; may be repeated. Default: all.")
    ] = None,
    secret_file: SecretFile = None,
    secret_env: SecretEnv = None,
    as_json: AsJson = False,
) -> None:
    """Add a webhook to a profile. Its secret is shown this once."""
    for name in types or ():
        if name not in OUTGOING_TYPES:
            shown.fail(f"“{name}” is no type: {', '.join(OUTGOING_TYPES)}", 2)
    secret = _secret(secret_file, secret_env)
    hooks = _store(standing.ground())
    try:
        made = hooks.add(profile, url, types or (), secret=secret, by=author())
    except ProfileError as error:
        shown.fail(str(error))
    _show_made(made, f"Webhook {made.webhook.id} of “{made.webhook.profile}” is kept.", secret, as_json=as_json)


@app.command("list", epilog="Example: runmail webhooks list --json")
def list_(
    profile: Annotated[
        str | None, typer.Option(autocompletion=profile_names, help="Only webhooks of this profile.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the webhooks, with how many of their deliveries are dead."""
    ground = standing.ground()
    try:
        found = _store(ground).all(profile)
    except ProfileError as error:
        shown.fail(str(error))
    with ground.engine.execution_options(reading=True).connect() as connection:
        dead = count_dead(connection, TargetKind.WEBHOOK.value)
    if as_json:
        shown.print_json([_as_json(each, dead.get(str(each.id), 0)) for each in found])
    elif not found:
        shown.say("No webhooks. Add one with: runmail webhooks add PROFILE ADDRESS")
    else:
        shown.print_table(
            ("id", "profile", "address", "types", "off", "dead"),
            (
                (
                    each.id,
                    each.profile,
                    shown_url(each.url),
                    ", ".join(each.types) or "all",
                    each.off_reason,
                    dead.get(str(each.id), 0),
                )
                for each in found
            ),
        )


@app.command(epilog="Example: runmail webhooks rotate 3 --keep-old 2d")
def rotate(
    which: Number,
    keep_old: Annotated[
        str, typer.Option(help="How long the old secret signs beside the new: 30m, 24h, 2d, 0.")
    ] = "24h",
    secret_file: SecretFile = None,
    secret_env: SecretEnv = None,
    as_json: AsJson = False,
) -> None:
    """Make a new secret, shown this once. Both sign for a while, so that the receiver can change in its own time."""
    found = re.fullmatch(r"([0-9]{1,4})([mhd])|0", keep_old)
    if found is None:
        shown.fail(f"“{keep_old}” is no length of time: 30m, 24h, 2d or 0", 2)
    milliseconds = int(found[1]) * UNITS[found[2]] if found[1] else 0
    secret = _secret(secret_file, secret_env)
    try:
        made = _store(standing.ground()).rotate(which, keep_old=milliseconds, secret=secret, by=author())
    except ProfileError as error:
        shown.fail(str(error))
    until = f"; the old one signs too for {keep_old}" if milliseconds else ""
    _show_made(made, f"Webhook {which} has a new secret{until}.", secret, as_json=as_json)


@app.command("test", epilog="Example: runmail webhooks test 3")
def try_out(which: Number, as_json: AsJson = False) -> None:
    """Send a webhook an event of type runmail.webhook.test now. Exit 1 unless it is taken."""
    ground = standing.ground()
    hooks = _store(ground)
    try:
        found = hooks.get(which)
        secrets = hooks.secrets(found)
    except ProfileError as error:
        shown.fail(str(error))
    event = WebhookTest(id=new_outgoing_id(), data=OutgoingData(profile=found.profile))
    body = event.to_json_text().encode("utf-8")
    outcome: Outcome = asyncio.run(
        deliver_to_webhook(make_post(ground.settings), found.url, secrets, event.id, body, now=now_milliseconds())
    )
    taken = outcome.verdict is Verdict.DONE
    if as_json:
        told = {"webhook": which, "taken": taken, "reason": outcome.reason, "answer": outcome.answer}
        shown.print_json({**told, "event_id": event.id})
    elif taken:
        shown.say(f"Taken: {outcome.answer}")
    if not taken:
        shown.fail(f"not taken: {' '.join(part for part in (outcome.reason, outcome.answer) if part)}")


@app.command(epilog="Example: runmail webhooks enable 3")
def enable(which: Number, as_json: AsJson = False) -> None:
    """Send to a webhook again, from the next event on; `webhooks retry` brings what is dead."""
    _switch(which, None, "is on", as_json=as_json)


@app.command(epilog="Example: runmail webhooks disable 3")
def disable(which: Number, as_json: AsJson = False) -> None:
    """Send nothing more to a webhook; what waits for it becomes dead when it is due."""
    _switch(which, BY_PERSON, "is off", as_json=as_json)


@app.command(epilog="Example: runmail webhooks remove 3")
def remove(which: Number, as_json: AsJson = False) -> None:
    """Remove a webhook with its secrets; what waits for it becomes dead when it is due."""
    try:
        found = _store(standing.ground()).remove(which, by=author())
    except ProfileError as error:
        shown.fail(str(error))
    shown.print_json({"removed": which}) if as_json else shown.say(f"Webhook {which} of “{found.profile}” is removed.")


@app.command(epilog="Example: runmail webhooks deliveries --state dead --json")
def deliveries(
    webhook: Annotated[int | None, typer.Option(help="Only of this webhook.")] = None,
    state: StateOption = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what was and is to be delivered to webhooks, newest first. State `dead` is what was given up."""
    target = None if webhook is None else str(webhook)
    outgoing_deliveries.show_deliveries(TargetKind.WEBHOOK, target, state, limit, as_json=as_json)


@app.command(epilog="Example: runmail webhooks retry --dead --webhook 3")
def retry(
    which: Which = None,
    dead: Dead = False,
    webhook: Annotated[int | None, typer.Option(help="With --dead: only of this webhook.")] = None,
    as_json: AsJson = False,
) -> None:
    """Deliver again now, with all its attempts, what was given up or waits."""
    target = None if webhook is None else str(webhook)
    outgoing_deliveries.retry_deliveries(TargetKind.WEBHOOK, which, target, dead=dead, as_json=as_json)


def _store(ground: Ground) -> WebhookStore:
    return WebhookStore(ground.profiles, ground.settings.private_hosts)


def _secret(file: str | None, env: str | None) -> str | None:
    """Read a secret that a person brings; None when one is to be made."""
    if file is None and env is None:
        return None
    if file is not None and env is not None:
        shown.fail("--secret-file or --secret-env, not both", 2)
    try:
        return SecretSource(env=env, file=file).read(os.environ, Path.cwd())
    except NoSecret as error:
        shown.fail(f"secret: {error}")


def _switch(which: int, off_reason: str | None, said: str, *, as_json: bool) -> None:
    try:
        found = _store(standing.ground()).switch(which, off_reason, by=author())
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"id": found.id, "off": found.off_reason})
    else:
        shown.say(f"Webhook {which} of “{found.profile}” {said}.")


def _show_made(made: Made, said: str, brought: str | None, *, as_json: bool) -> None:
    """Say what was made; a secret that a person brought is not said again."""
    if as_json:
        shown.print_json({**_as_json(made.webhook, 0), "secret": None if brought else made.secret})
        return
    shown.say(said)
    if not brought:
        shown.note("Its secret, which is not shown again:")
        shown.say(made.secret)


def _as_json(webhook: Webhook, dead: int) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "profile": webhook.profile,
        "address": shown_url(webhook.url),
        "types": list(webhook.types),
        "off": webhook.off_reason,
        "dead": dead,
        "old_secrets_end": [shown_time(end) for end in webhook.old_secrets_end],
        "created_at": shown_time(webhook.created_at),
    }
