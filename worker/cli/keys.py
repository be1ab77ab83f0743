"""`runmail keys`: a new secret key, sealing every password under it, and taking old keys away."""

from __future__ import annotations

from typing import Annotated

import typer

from profiles.errors import KeyringInvalid
from profiles.resealing import KeyUse, key_use, reseal
from worker.cli import entry, shown, standing
from worker.cli.author import author
from worker.cli.profile_arguments import AsJson
from worker.key_file import add_key, new_key, remove_key
from worker.state import StateUnusable

app = typer.Typer(
    help="The secret keys that passwords are sealed with: the first seals, all open.",
    no_args_is_help=True,
    epilog="Example: runmail keys new; restart workers and clock; runmail keys rotate",
)

#: What removing a key ends, beside opening passwords.
TOKENS = "then the tokens of mails from its time are no longer known, and answers to those mails not by them"
RESTART = "Restart every worker and clock before `runmail keys rotate`: those that run do not know the new key."


@app.command(epilog="Example: runmail keys new")
def new(as_json: AsJson = False) -> None:
    """Make a new first key: in the key file, or, with RUNMAIL_SECRET_KEYS set, printed to be put in front there."""
    settings = entry.settings()
    key = new_key()
    if settings.secret_keys is not None:
        # The only place where a key is shown: whoever set the variable must set it again.
        if as_json:
            shown.print_json({"id": key.id, "entry": key.entry, "written": None})
        else:
            shown.note("Put this and a comma in front of the value of RUNMAIL_SECRET_KEYS, on every host:")
            shown.say(key.entry)
            shown.note(RESTART)
        return
    try:
        path = add_key(settings, key)
    except (StateUnusable, KeyringInvalid) as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"id": key.id, "entry": None, "written": str(path)})
    else:
        shown.say(f"Key “{key.id}” is the first in {path} now; the older ones still open.")
        shown.note(RESTART)


@app.command(epilog="Example: runmail keys rotate --dry-run")
def rotate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Seal every password anew under the first key. It may be killed and run again: everything stays readable."""
    store = standing.ground().profiles
    before = key_use(store)
    resealed, unreadable = 0, []
    if not dry_run:
        with shown.progress("sealing", before.waiting) as advance:
            for done in reseal(store, author()):
                resealed += len(done.services)
                advance(len(done.services))
                unreadable += [f"{done.profile} ({service})" for service in done.unreadable]
    after = key_use(store)
    if as_json:
        shown.print_json(
            {
                "dry_run": dry_run,
                "first": after.configured[0],
                "resealed": resealed,
                "waiting": after.waiting,
                "unreadable": unreadable,
                "credentials": after.credentials,
                "unused": after.unused,
                "missing": after.missing,
            }
        )
    else:
        _tell(after, dry_run, resealed)
    if unreadable:
        shown.fail(f"cannot be opened, give these passwords again: {', '.join(unreadable)}")


@app.command(epilog="Example: runmail keys remove k1a2b3c")
def remove(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key.")], as_json: AsJson = False
) -> None:
    """Take an old key out of the key file. Refused while it still seals a password."""
    ground = standing.ground()
    if ground.settings.secret_keys is not None:
        shown.fail(f"the keys stand in RUNMAIL_SECRET_KEYS: take “{key_id}” out there", 2)
    use = key_use(ground.profiles)
    if use.credentials.get(key_id):
        shown.fail(f"key “{key_id}” still seals {_passwords(use.credentials[key_id])}: run `runmail keys rotate` first")
    try:
        path = remove_key(ground.settings, key_id)
    except (StateUnusable, KeyringInvalid) as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"removed": key_id})
    else:
        shown.say(f"Key “{key_id}” is taken out of {path}.")


def _tell(use: KeyUse, dry_run: bool, resealed: int) -> None:
    """Say what was done, and what may be done next."""
    first = use.configured[0]
    if dry_run:
        shown.say(f"{_passwords(use.waiting)} would be sealed anew under key “{first}”.")
    else:
        shown.say(f"{_passwords(resealed)} sealed anew under key “{first}”.")
    for key in use.unused:
        shown.say(f"Key “{key}” seals nothing any more and may be removed: {TOKENS}.")
    for key in use.missing:
        shown.say(f"Key “{key}” is not configured but seals {_passwords(use.credentials[key])}.")


def _passwords(number: int) -> str:
    return "1 password" if number == 1 else f"{number} passwords"
