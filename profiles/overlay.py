"""Laying what an admin says over what is there: both are `[[profile]]` tables of a profiles file. Pure.

None takes a setting away. Port and security go together: when only one of them is said, the other follows it,
unless the two that are there were an unusual pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from profiles.drafts import SERVICES
from profiles.profile import Security
from profiles.sealing import Service
from profiles.usual_ports import usual_port


def overlay(table: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return `table` with what `said` says in its place."""
    merged = dict(table)
    for name, value in said.items():
        before = merged.get(name)
        if isinstance(value, Mapping):
            base = dict(before) if isinstance(before, Mapping) else {}
            merged[name] = _kept({**_loosened(name, base, value), **value})
        else:
            merged[name] = value
    return _kept(merged)


def _loosened(name: str, server: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a server without the port or security that must follow what is said of the other."""
    service: Service | None = next((each for each in SERVICES if each == name), None)
    if service is None or ("port" in said) == ("security" in said) or not {"port", "security"} <= server.keys():
        return server
    if server["port"] != usual_port(service, Security(server["security"])):
        return server
    follows = "security" if "port" in said else "port"
    return {key: value for key, value in server.items() if key != follows}


def _kept(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value is not None}
