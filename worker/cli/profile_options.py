"""The settings of a profile as command-line options: one table that `profiles new` and `profiles edit` share.

`takes_settings` gives a command all of them; the command receives what was given as one `[[profile]]` table.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from profiles.presets import PRESETS, PresetName
from profiles.profile import OnUncertain, Security
from profiles.sealing import Service
from worker.cli import shown
from worker.cli.profile_passwords import PasswordFrom

Command = Callable[..., None]

#: Where the help shows options, by the table they stand in.
PANELS = {"smtp": "SMTP", "imap": "IMAP", "limits": "Limits"}


@dataclass(frozen=True, slots=True)
class SettingOption:
    """One option: its place in a `[[profile]]` table with dots, its flag, and what typer is told of it."""

    place: str
    flag: str
    help: str
    kind: Any = str
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameter(self) -> inspect.Parameter:
        """The option as a parameter of a command; None when it was not given."""
        panel = PANELS.get(self.place.partition(".")[0])
        option = typer.Option(self.flag, help=self.help, show_default=False, rich_help_panel=panel, **self.more)
        annotation = Annotated[self.kind | None, option]  # type: ignore[name-defined]
        name = f"setting_{self.place.replace('.', '_')}"
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


ONE_OR_MORE = {"min": 1}
PORT = {"min": 1, "max": 65535}

OPTIONS = (
    SettingOption("from", "--from", 'Sender: address, or "Name <address>".'),
    SettingOption("recipients", "--recipient", "Default recipient; may be repeated.", list[str]),
    SettingOption(
        "allowed_recipients",
        "--allowed-recipient",
        "Address, domain or *.domain it may write to; may be repeated. Default: anyone.",
        list[str],
    ),
    SettingOption("reply_to", "--reply-to", "Address for answers."),
    SettingOption("timezone", "--timezone", "Time zone of the times in its mails. (UTC)"),
    SettingOption("note", "--note", "A note for other admins."),
    SettingOption("failover", "--failover", "Profile that takes over.", more={"metavar": "PROFILE"}),
    SettingOption(
        "on_uncertain", "--on-uncertain", "When nobody knows whether a mail was taken. (resend)", OnUncertain
    ),
    SettingOption(
        "plus_addressing",
        "--plus-addressing/--no-plus-addressing",
        "Whether the sender's server delivers name+tag@domain to name@domain. (no)",
        bool,
    ),
    SettingOption("authserv_id", "--authserv-id", "Name of the server whose Authentication-Results count."),
    SettingOption(
        "actors",
        "--actor",
        "Address or domain that may answer commands for a list; may be repeated. Default: nobody.",
        list[str],
    ),
    SettingOption(
        "allow_rerun", "--allow-rerun/--no-allow-rerun", "Whether a verified answer may ask for a new run. (no)", bool
    ),
    SettingOption("retention_days", "--retention-days", "How long replies are kept.", int, ONE_OR_MORE),
    SettingOption(
        "credential_expires",
        "--credential-expires",
        "Last day the password is good for, such as 2026-12-31.",
        more={"metavar": "DATE"},
    ),
    SettingOption("templates", "--templates", "Set of mail templates.", more={"metavar": "SET"}),
    SettingOption("smtp.host", "--smtp-host", "SMTP server."),
    SettingOption("smtp.port", "--smtp-port", "Default: follows the security.", int, PORT),
    SettingOption("smtp.security", "--smtp-security", "Default: follows the port; tls without one.", Security),
    SettingOption("smtp.username", "--smtp-username", "SMTP user."),
    SettingOption("smtp.ca_file", "--smtp-ca-file", "Certificate authority of your own (PEM)."),
    SettingOption("imap.host", "--imap-host", "IMAP server; only if you receive replies."),
    SettingOption("imap.port", "--imap-port", "Default: follows the security.", int, PORT),
    SettingOption("imap.security", "--imap-security", "Default: follows the port; tls without one.", Security),
    SettingOption("imap.username", "--imap-username", "IMAP user."),
    SettingOption("imap.ca_file", "--imap-ca-file", "Certificate authority of your own (PEM)."),
    SettingOption("imap.folders", "--folder", "IMAP folder to read; may be repeated. (INBOX)", list[str]),
    SettingOption("imap.keyword", "--keyword", "Keyword for mails that were read. Default: none."),
    SettingOption("imap.move_to", "--move-to", "Folder that mails are moved to when read. Default: none."),
    SettingOption("limits.connections", "--connections", "SMTP connections per worker process.", int, ONE_OR_MORE),
    SettingOption("limits.per_minute", "--per-minute", "Mails a minute, over all workers.", int, ONE_OR_MORE),
    SettingOption("limits.per_day", "--per-day", "Mails a day, over all workers.", int, ONE_OR_MORE),
)


def _password_options() -> list[inspect.Parameter]:
    """Make the options that say where the passwords of both services come from."""
    found = []
    for service in ("smtp", "imap"):
        label = service.upper()
        options: tuple[tuple[str, Any, Any, str], ...] = (
            ("file", str | None, "FILE", f"File with the {label} password; - is standard input."),
            ("env", str | None, "NAME", f"Variable with the {label} password."),
            ("stdin", bool, None, f"Read the {label} password from standard input."),
        )
        for name, kind, metavar, text in options:
            option = typer.Option(
                f"--{service}-password-{name}", metavar=metavar, help=text, show_default=False, rich_help_panel=label
            )
            found.append(
                inspect.Parameter(
                    f"password_{service}_{name}",
                    inspect.Parameter.KEYWORD_ONLY,
                    default=False if kind is bool else None,
                    annotation=Annotated[kind, option],
                )
            )
    return found


PRESET_OPTIONS = [
    inspect.Parameter(
        "preset",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            PresetName | None,
            typer.Option(
                help="Fill in server and limits of a mail service: see `profiles presets`.", show_default=False
            ),
        ],
    ),
    inspect.Parameter(
        "region",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            str | None, typer.Option(help="Region of the preset, such as eu-central-1.", show_default=False)
        ],
    ),
]


def takes_settings(command: Command) -> Command:
    """Give a command the options of every setting, of presets and of passwords.

    They take the place of its parameters `settings` (what was given, as one `[[profile]]` table), `preset` (the
    table of the preset, empty without one) and `passwords` (where each service's comes from), in this order.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    at = [each.name for each in own].index("settings")
    options = [each.parameter for each in OPTIONS]
    passwords = _password_options()
    parameters = [*own[:at], *PRESET_OPTIONS, *options, *passwords, *own[at + 3 :]]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        settings: dict[str, Any] = {}
        for option, parameter in zip(OPTIONS, options, strict=True):
            value = given.pop(parameter.name)
            if value is not None and value != []:
                put(settings, option.place, value)
        values = {each.name: given.pop(each.name) for each in passwords}
        sources: dict[Service, PasswordFrom] = {
            "smtp": _source(values, "smtp"),
            "imap": _source(values, "imap"),
        }
        if sum(source.is_stdin for source in sources.values()) > 1:
            shown.fail("only one password can come from standard input", 2)
        preset = _preset(given.pop("preset"), given.pop("region"))
        command(**given, settings=settings, preset=preset, passwords=sources)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def put(table: dict[str, Any], place: str, value: Any) -> None:
    """Put a value at its place in a `[[profile]]` table."""
    *tables, name = place.split(".")
    for each in tables:
        table = table.setdefault(each, {})
    table[name] = value


def _source(values: Mapping[str, Any], service: Service) -> PasswordFrom:
    found = {name: values[f"password_{service}_{name}"] for name in ("file", "env", "stdin")}
    return PasswordFrom(file=found["file"], env=found["env"], stdin=found["stdin"])


def _preset(name: PresetName | None, region: str | None) -> dict[str, Any]:
    """Return the table of a preset and say what an admin should know of it."""
    if name is None:
        if region is not None:
            shown.fail("--region belongs to --preset", 2)
        return {}
    preset = PRESETS[name]
    try:
        table = preset.table(region)
    except ValueError as error:
        shown.fail(f"--region: {error}", 2)
    shown.note(preset.title)
    if preset.credential_at is not None:
        shown.note(f"  The password is made here: {preset.credential_at}")
    for note in preset.notes:
        shown.note(f"  {note}")
    return table
