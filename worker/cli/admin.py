"""`runmail admin`: who may log in to the page, and as what. Passwords never come from an argument."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from consumers.views.shown_times import shown_time
from profiles.page.shell.visitors import Role
from profiles.secret_source import NoSecret, read_secret_file
from worker.cli import shown, standing
from worker.cli.author import author
from worker.ground import now_milliseconds
from worker.web.accounts import Account, AccountError, Accounts
from worker.web.passwords import LEAST, PasswordUnfit

app = typer.Typer(
    help="Accounts of the page: who may log in, and as what.",
    no_args_is_help=True,
    epilog="Example: runmail admin add ada --role admin",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to log in with.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="File with the password; else it is asked for.")
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
OPTIONS = "--password-file or --password-stdin"


@app.command(epilog="Example: runmail admin add ada --role admin --password-file ada.txt")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="An admin changes things, a viewer sees them.")],
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    without_password: Annotated[
        bool,
        typer.Option("--without-password", help="For one whom a proxy authenticates: see RUNMAIL_WEB_USER_HEADER."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account. With the first admin the one-time links end, and so do visits that began with one."""
    if without_password and (password_file or password_stdin):
        shown.fail("--without-password and a password exclude each other", 2)
    accounts = _accounts()
    password = None if without_password else _password(name, password_file, password_stdin)
    try:
        made = accounts.add(name, role, password, by=author())
    except (AccountError, PasswordUnfit) as error:
        shown.fail(str(error))
    _tell(made, f"“{made.name}” may log in as {made.role.value}.", as_json)


@app.command("set-password", epilog="Example: runmail admin set-password ada")
def set_password(
    name: Name, password_file: PasswordFile = None, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """Give an account another password. Whoever is logged in to it is logged out."""
    accounts = _accounts()
    if accounts.find(name) is None:
        shown.fail(f"there is no account “{name}”: see `runmail admin list`")
    try:
        changed = accounts.set_password(name, _password(name, password_file, password_stdin), by=author())
    except (AccountError, PasswordUnfit) as error:
        shown.fail(str(error))
    _tell(changed, f"“{changed.name}” has another password; its sessions have ended.", as_json)


@app.command(epilog="Example: runmail admin remove ada")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Remove an account and end its sessions. Without any admin the page opens by a one-time link again."""
    accounts = _accounts()
    try:
        removed = accounts.remove(name, by=author())
    except AccountError as error:
        shown.fail(str(error))
    _tell(removed, f"“{removed.name}” may log in no more; its sessions have ended.", as_json)
    if not as_json and not accounts.admin_exists():
        shown.note("There is no admin account now: `runmail web --link` prints a one-time link.")


@app.command("list", epilog="Example: runmail admin list --json")
def list_(as_json: AsJson = False) -> None:
    """List the accounts."""
    found = _accounts().all()
    if as_json:
        shown.print_json([_document(account) for account in found])
    elif not found:
        shown.say("There is no account: the page opens by the one-time link that `runmail web` prints.")
    else:
        columns = ("name", "role", "password", "created")
        shown.print_table(
            columns,
            (
                (each.name, each.role.value, "yes" if each.has_password else "by proxy", shown_time(each.created_at))
                for each in found
            ),
        )


@app.command(epilog="Example: runmail admin history --limit 20 --json")
def history(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Entries at most.")] = 100, as_json: AsJson = False
) -> None:
    """Show logins and changes of accounts, newest first."""
    found = _accounts().trail(limit)
    rows = [
        (shown_time(each.at), each.account, each.deed, each.author.who, each.author.via, each.author.host)
        for each in found
    ]
    columns = ("at", "account", "deed", "who", "via", "host")
    if as_json:
        shown.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif not rows:
        shown.say("Nothing is on record yet.")
    else:
        shown.print_table(columns, rows)


def _accounts() -> Accounts:
    return Accounts(standing.ground().engine, now_milliseconds)


def _password(name: str, file: Path | None, stdin: bool) -> str:
    """Get a new password from where the options say, else ask for it twice; end with 2 when nobody can be asked."""
    if file is not None and stdin:
        shown.fail("one password needs one source", 2)
    if file is not None:
        try:
            return read_secret_file(file)
        except NoSecret as error:
            shown.fail(str(error))
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        shown.fail(f"nobody can be asked for the password of “{name}”: {OPTIONS}", 2)
    return str(
        typer.prompt(
            f"Password for {name}, at least {LEAST} characters",
            hide_input=True,
            confirmation_prompt="The same password once more",
        )
    )


def _tell(account: Account, said: str, as_json: bool) -> None:
    if as_json:
        shown.print_json(_document(account))
    else:
        shown.say(said)


def _document(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role.value,
        "has_password": account.has_password,
        "created_at": shown_time(account.created_at),
        "updated_at": shown_time(account.updated_at),
    }
