"""The questions of `runmail profiles new`: asked where options leave something open, each answer checked at once.

What is wrong with an answer is said, and the question asked again. It knows nothing of saving and testing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from profiles.form_faults import faults
from profiles.profile import Security
from profiles.sealing import Service
from profiles.setting_types import AddressText, HostText, MailboxText, Port, ProfileName, Username
from profiles.usual_ports import usual_port, usual_security


def ask_settings(table: dict[str, Any], taken: Collection[str]) -> None:
    """Ask for what `table` (one `[[profile]]` of a profiles file) leaves open; no name of `taken` is accepted."""
    if "name" not in table:
        table["name"] = typer.prompt("Name of the profile", default="QA alerts", value_proc=_free_name(taken))
    if "from" not in table:
        table["from"] = typer.prompt("Sender (address, or Name <address>)", value_proc=_checked(MailboxText))
    if "recipients" not in table:
        table["recipients"] = typer.prompt(
            "Default recipients, by comma (may be empty)", default="", show_default=False, value_proc=_addresses
        )
    _ask_server(table.setdefault("smtp", {}), "smtp")
    if "imap" not in table:
        if not typer.confirm("Read replies over IMAP?", default=False):
            return
        table["imap"] = {}
    _ask_server(table["imap"], "imap", user=table["smtp"].get("username"))


def _ask_server(server: dict[str, Any], service: Service, user: str | None = None) -> None:
    """Ask for a server; port and security propose each other."""
    label = service.upper()
    if "host" not in server:
        server["host"] = typer.prompt(f"{label} server", value_proc=_checked(HostText))
    if "security" not in server:
        usual = usual_security(service, server["port"]) if "port" in server else Security.TLS
        server["security"] = typer.prompt(
            f"{label} security (tls, starttls, none)", default=usual.value, value_proc=_checked(Security)
        )
    if "port" not in server:
        proposed = usual_port(service, server["security"])
        server["port"] = typer.prompt(f"{label} port", default=str(proposed), value_proc=_checked(Port))
    if "username" not in server:
        # A mailbox is always somebody's; a relay may take mail without a login.
        optional = service == "smtp"
        server["username"] = typer.prompt(
            f"{label} user" + (" (empty for none)" if optional else ""),
            default="" if optional else user,
            show_default=not optional,
            value_proc=_optional if optional else _checked(Username),
        )
        if not server["username"]:
            del server["username"]


def _checked(kind: Any) -> Callable[[str], Any]:
    """Make a check of an answer against a type of setting."""
    adapter = TypeAdapter(kind)

    def check(answer: str) -> Any:
        try:
            return adapter.validate_python(answer.strip())
        except ValidationError as error:
            raise typer.BadParameter(faults(error)[0]) from None

    return check


def _optional(answer: str) -> str:
    """Check a user that may be left out."""
    return str(_checked(Username)(answer)) if answer.strip() else ""


def _addresses(answer: str) -> list[str]:
    """Check addresses with commas between them."""
    return [_checked(AddressText)(part) for part in answer.split(",") if part.strip()]


def _free_name(taken: Collection[str]) -> Callable[[str], str]:
    """Make a check of a name that is not taken."""

    def check(answer: str) -> str:
        name = str(_checked(ProfileName)(answer))
        if name in taken:
            raise typer.BadParameter(f"a profile “{name}” exists already")
        return name

    return check
