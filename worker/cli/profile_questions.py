"""The questions of `runmail profiles new` and `edit`: asked where options leave something open, each answer checked.

What is wrong with an answer is said, and the question asked again. Enter takes what is proposed: what is there
today, or what is usual. It knows nothing of saving and testing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from profiles.form_faults import faults
from profiles.profile import Security
from profiles.sealing import Service
from profiles.setting_types import AddressText, HostText, MailboxText, Port, ProfileName, Username
from profiles.usual_ports import usual_port, usual_security

#: The answer that takes away what is proposed.
NONE = "-"


def ask_settings(table: dict[str, Any], taken: Collection[str] = (), today: Mapping[str, Any] | None = None) -> None:
    """Ask for what `table` (one `[[profile]]` of a profiles file) leaves open; no name of `taken` is accepted.

    `today` is such a table too: what stands there is proposed.
    """
    today = today or {}
    if "name" not in table:
        table["name"] = typer.prompt("Name of the profile", default="QA alerts", value_proc=_free_name(taken))
    if "from" not in table:
        table["from"] = typer.prompt(
            "Sender (address, or Name <address>)", default=today.get("from"), value_proc=_checked(MailboxText)
        )
    if "recipients" not in table:
        there = ", ".join(today.get("recipients", ()))
        table["recipients"] = typer.prompt(
            f"Default recipients, by comma ({NONE} for none)"
            if there
            else "Default recipients, by comma (may be empty)",
            default=there,
            show_default=bool(there),
            value_proc=_addresses,
        )
    _ask_server(table.setdefault("smtp", {}), "smtp", today.get("smtp", {}))
    if "imap" not in table:
        there_is = "username" in today.get("imap", {})
        if not typer.confirm("Read replies over IMAP?", default=there_is):
            if there_is:
                table["imap"] = None
            return
        table["imap"] = {}
    _ask_server(table["imap"], "imap", today.get("imap", {}), user=table["smtp"].get("username"))


def _ask_server(server: dict[str, Any], service: Service, today: Mapping[str, Any], user: str | None = None) -> None:
    """Ask for a server; port and security propose each other."""
    label = service.upper()
    if "host" not in server:
        server["host"] = typer.prompt(f"{label} server", default=today.get("host"), value_proc=_checked(HostText))
    if "security" not in server:
        usual = usual_security(service, server["port"]) if "port" in server else today.get("security", Security.TLS)
        server["security"] = typer.prompt(
            f"{label} security (tls, starttls, none)", default=str(usual), value_proc=_checked(Security)
        )
    if "port" not in server:
        stays = server["security"] == today.get("security")
        proposed = today["port"] if stays else usual_port(service, server["security"])
        server["port"] = typer.prompt(f"{label} port", default=str(proposed), value_proc=_checked(Port))
    if "username" not in server:
        # A mailbox is always somebody's; a relay may take mail without a login.
        optional = service == "smtp"
        there = today.get("username", "" if optional else user)
        hint = f" ({NONE} for none)" if there else " (empty for none)"
        answer = typer.prompt(
            f"{label} user" + (hint if optional else ""),
            default=there,
            show_default=bool(there),
            value_proc=_optional if optional else _checked(Username),
        )
        if answer or there:
            server["username"] = answer or None


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
    return "" if answer.strip() in ("", NONE) else str(_checked(Username)(answer))


def _addresses(answer: str) -> list[str]:
    """Check addresses with commas between them."""
    if answer.strip() == NONE:
        return []
    return [_checked(AddressText)(part) for part in answer.split(",") if part.strip()]


def _free_name(taken: Collection[str]) -> Callable[[str], str]:
    """Make a check of a name that is not taken."""

    def check(answer: str) -> str:
        name = str(_checked(ProfileName)(answer))
        if name in taken:
            raise typer.BadParameter(f"a profile “{name}” exists already")
        return name

    return check
