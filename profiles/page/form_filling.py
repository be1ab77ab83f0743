"""Filling the form in: by a preset, and port and security each from the other. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from profiles.overlay import overlay
from profiles.page.form_fields import shown_now
from profiles.presets import PRESETS, Preset, PresetName
from profiles.profile import Security
from profiles.sealing import Service
from profiles.usual_ports import USUAL, settle

LIMITS = ("connections", "per_minute", "per_day")
#: Security as people read it.
SECURITY_WORDS = {
    Security.TLS: "TLS (from the first byte)",
    Security.STARTTLS: "STARTTLS (required)",
    Security.NONE: "None (plain text)",
}


def preset_of(fields: Mapping[str, str]) -> Preset | None:
    """Return the preset that is chosen in the form."""
    try:
        return PRESETS[PresetName(fields.get("preset", ""))]
    except ValueError:
        return None


def fill_in(fields: Mapping[str, str], preset: Preset) -> dict[str, str]:
    """Return the fields with the servers and limits of a preset; what is not the preset's business stays.

    Raises:
        ValueError: for a region that the service does not have; the text is for people.
    """
    region = fields.get("region", "").strip() or None
    table = preset.table(region if preset.region is not None else None)
    filled = dict(fields)
    for service in ("smtp", "imap"):
        for key, value in table.get(service, {}).items():
            filled[f"{service}.{key}"] = str(value)
    for key in LIMITS:
        filled[f"limits.{key}"] = str(table["limits"].get(key, ""))
    if preset.region is None:
        filled["region"] = ""
    return shown_now(filled)


def follow(fields: Mapping[str, str], service: Service) -> tuple[dict[str, str], str, frozenset[str]]:
    """Let port and security follow each other, as long as a person chose only one of them.

    Returns the fields, what was changed in words, and by name; both empty when nothing was. A form that does not say
    what it showed is taken as it is.
    """
    port, security = fields[f"{service}.port"].strip(), fields[f"{service}.security"]
    shown_port, _, shown_security = fields[f"{service}.shown"].partition(" ")
    if not shown_security or security not in [*Security]:
        return dict(fields), "", frozenset()
    said = set(fields[f"{service}.said"].split())
    if port and port != shown_port:
        said.add("port")
    if security != shown_security:
        said.add("security")
    settled = _pair(service, said, port, security, shown_port, shown_security)
    after = {
        **fields,
        f"{service}.port": settled[0],
        f"{service}.security": settled[1],
        f"{service}.shown": " ".join(settled),
        f"{service}.said": " ".join(sorted(said)),
    }
    if settled[1] != security:
        return after, f"security follows the port: {settled[0]} goes with {settled[1]}", frozenset({"security"})
    if port and settled[0] != port:
        return after, f"the port follows security: {settled[1]} goes with {settled[0]}", frozenset({"port"})
    return after, "", frozenset()


def unusual(fields: Mapping[str, str], service: Service) -> str:
    """Return a word on a port that belongs to another security; empty when there is nothing to say."""
    port, security = fields[f"{service}.port"].strip(), fields[f"{service}.security"]
    usual = [each.value for each, number in USUAL[service].items() if str(number) == port]
    if not usual or security in usual:
        return ""
    return f"Port {port} usually goes with {' or '.join(usual)}."


def _pair(
    service: Service, said: set[str], port: str, security: str, shown_port: str, shown_security: str
) -> tuple[str, str]:
    """Return port and security after the one that was not chosen has followed."""
    if not port:
        number, kind = settle(service, None, Security(security))
        return str(number), kind.value
    if len(said) != 1 or not (port.isdecimal() and shown_port.isdecimal()):
        return port, security
    shown = {"port": int(shown_port), "security": shown_security}
    chosen = {"port": int(port)} if "port" in said else {"security": security}
    server = overlay({service: shown}, {service: chosen})[service]
    found = server.get("security")
    number, kind = settle(service, server.get("port"), Security(found) if found else None)
    return str(number), kind.value
