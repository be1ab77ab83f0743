"""Settings from the environment, prefix `RUNMAIL_`, of which this is the only reader.

Everything has a default that serves one machine. Nothing here opens a database or a connection, and no file but those
that a variable names for a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.inbound.aliases import read_aliases
from profiles.addresses import UnusableAddress, read_domain


class Settings(BaseSettings):
    """What an operator can set. Each field's description is its line in docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="RUNMAIL_", frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    home: Path | None = Field(
        None, description="folder of keys, embedded database and broker; see “State folder” for the default"
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy address of the database; default: SQLite in the state folder"
    )
    broker_url: SecretStr | None = Field(
        None, description="address of Redis; default: the embedded one that `runmail up` started"
    )
    secret_keys: SecretStr | None = Field(
        None,
        description="`id:base64,…` of 32 bytes each; the first seals, all open; default: a key file in `home`",
    )
    domain: str | None = Field(None, description="domain of Message-IDs; default: the domain of the profile's sender")
    templates: Path | None = Field(None, description="folder whose templates replace the built-in ones")
    spool: Path | None = Field(None, description="folder where publishing keeps events while no broker answers")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="`console`, `json`, or `auto`: console on a terminal, JSON elsewhere"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    processes: Annotated[int, Field(ge=1, le=64)] = Field(1, description="worker processes of `runmail worker`")
    threads: Annotated[int, Field(ge=1, le=256)] = Field(8, description="dramatiq threads per worker process")
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = Field(
        60,
        description="how long what a worker took (mail, events, queue messages) is its own before others may have it",
    )
    attempt_seconds: Annotated[float, Field(ge=1, le=600)] = Field(
        45, description="time one attempt to send a mail may take, connecting included; below lease_seconds"
    )
    sweep_seconds: Annotated[float, Field(ge=0.1, le=60)] = Field(
        1, description="how often the clock looks for work that is due and that nobody is doing"
    )
    poll_seconds: Annotated[float, Field(ge=1, le=86_400)] = Field(
        60, description="how often each mailbox of a profile with IMAP is looked into"
    )
    command_aliases: str | None = Field(
        None, description="commands of answers in other words, such as `erledigt=ack, stumm=mute`; default: none"
    )
    idle_connections: Annotated[int, Field(ge=0, le=500)] = Field(
        20, description="mailboxes the clock watches with IDLE, so that mail is read when it comes; `0`: none"
    )
    stop_seconds: Annotated[float, Field(ge=1, le=600)] = Field(
        50, description="time a stopping worker gives the mails in flight"
    )
    health_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        None,
        description="port of `/metrics`, `/healthz` and `/readyz`; the next worker process has the next port; "
        "`0`: a free one, which the log names; default: none",
    )
    health_host: str = Field("127.0.0.1", description="address that port is opened on; `0.0.0.0` for everybody")
    traces: str | None = Field(
        None,
        description="address of an OpenTelemetry collector such as `http://localhost:4318`, or `on` to follow the "
        "variables `OTEL_…`; default: no traces",
    )
    max_age_alert_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        12, description="an alert that could not be sent for so long is given up"
    )
    max_age_run_hours: Annotated[float, Field(gt=0, le=720)] = Field(48, description="the same for finished runs")
    max_age_summary_hours: Annotated[float, Field(gt=0, le=720)] = Field(72, description="the same for summaries")

    webhook_private_hosts: str | None = Field(
        None,
        description="hosts by comma that webhooks may reach at private addresses and without TLS; default: none",
    )
    webhook_ca_file: Path | None = Field(
        None, description="PEM file of an authority that webhooks trust besides the system's"
    )
    webhook_seconds: Annotated[float, Field(ge=1, le=300)] = Field(
        20, description="time one request to a webhook may take, connecting included"
    )
    handler_seconds: Annotated[float, Field(ge=1, le=3600)] = Field(
        60, description="time a Python workflow may take for one event before it is tried again"
    )

    mail_ports: str = Field(
        "25,465,587,2525,143,993",
        description="ports by comma to which the page tests the connection of a profile; sending knows no such bound",
    )

    @property
    def test_ports(self) -> frozenset[int]:
        """The ports of `mail_ports`."""
        return frozenset(int(part) for part in self.mail_ports.split(","))

    @field_validator("mail_ports")
    @classmethod
    def _are_ports(cls, value: str) -> str:
        """Refuse what is no list of ports."""
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and part.isascii() and 0 < int(part) < 65536 for part in parts):
            raise ValueError("is no list of ports such as 25,465,587")
        return value

    web_host: str = Field("127.0.0.1", description="address the page of `runmail web` is opened on")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8085, description="port of the page; `0`: a free one, which the command prints"
    )
    web_hosts: str | None = Field(
        None, description="names by comma under which the page may be reached besides this machine's own; default: none"
    )
    web_proxies: str | None = Field(
        None,
        description="addresses or networks by comma of proxies that are believed in `X-Forwarded-…`; default: none",
    )
    web_user_header: str | None = Field(
        None,
        description="header in which those proxies name the user they have authenticated, such as `X-Remote-User`; "
        "default: none",
    )

    @property
    def private_hosts(self) -> frozenset[str]:
        """The hosts of `webhook_private_hosts`."""
        names = (self.webhook_private_hosts or "").split(",")
        return frozenset(name.strip().lower().strip("[]") for name in names if name.strip())

    @property
    def web_host_names(self) -> frozenset[str]:
        """The names of `web_hosts`, without ports."""
        return frozenset(_host_name(name) for name in (self.web_hosts or "").split(",") if name.strip())

    @property
    def web_proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `web_proxies`."""
        return tuple(ip_network(each.strip()) for each in (self.web_proxies or "").split(",") if each.strip())

    @field_validator("web_hosts")
    @classmethod
    def _are_hosts(cls, value: str | None) -> str | None:
        for name in (value or "").split(","):
            if name.strip() and not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", _host_name(name)):
                raise ValueError(f"“{name.strip()}” is no name of a host such as runmail.example.com")
        return value

    @field_validator("web_proxies")
    @classmethod
    def _are_networks(cls, value: str | None) -> str | None:
        for each in (value or "").split(","):
            if each.strip():
                ip_network(each.strip())  # says itself what is wrong
        return value

    @field_validator("web_user_header")
    @classmethod
    def _is_header(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9-]{1,100}", value):
            raise ValueError("is no name of a header such as X-Remote-User")
        return value

    @field_validator("traces")
    @classmethod
    def _is_collector(cls, value: str | None) -> str | None:
        """Refuse what is neither an address nor `on`."""
        if value is None or value == "on" or re.match(r"https?://[^/\s@]+(/\S*)?\Z", value):
            return value
        raise ValueError("is neither `on` nor an address such as http://localhost:4318")

    @field_validator("command_aliases")
    @classmethod
    def _aliases_name_commands(cls, value: str | None) -> str | None:
        read_aliases(value or "")
        return value

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str | None) -> str | None:
        """Refuse what could not stand in a Message-ID."""
        try:
            return None if value is None else read_domain(value)
        except UnusableAddress:
            raise ValueError("is no domain such as example.com") from None


#: Settings that carry a secret; each may come from a file instead, named by the variable with `_FILE` behind it.
SECRETS = ("database_url", "broker_url", "secret_keys")


class SettingsInvalid(Exception):
    """Raised when a setting cannot be used; the text names the variable and never its value."""


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsInvalid: when a variable has a value that cannot be used.
    """
    try:
        settings = Settings(**_from_files(os.environ))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "RUNMAIL_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsInvalid(f"{name}: {first['msg']}") from None
    if settings.attempt_seconds >= settings.lease_seconds:
        raise SettingsInvalid("RUNMAIL_ATTEMPT_SECONDS must be below RUNMAIL_LEASE_SECONDS")
    if settings.web_user_header and not settings.web_proxies:
        raise SettingsInvalid("RUNMAIL_WEB_USER_HEADER needs RUNMAIL_WEB_PROXIES: else anybody could send that header")
    return settings


def _host_name(text: str) -> str:
    """Return the name in a host as people write it: lower case, without a port or brackets."""
    name = text.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return re.sub(r"\A([^:]*):[0-9]*\Z", r"\1", name)


def _from_files(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the secrets that lie in files, as containers get them; white space around them is dropped."""
    found: dict[str, Any] = {}
    for name in SECRETS:
        variable = f"RUNMAIL_{name.upper()}"
        path = environment.get(f"{variable}_FILE")
        if not path:
            continue
        if environment.get(variable):
            raise SettingsInvalid(f"{variable} and {variable}_FILE are both set: keep one")
        try:
            found[name] = SecretStr(Path(path).read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
            raise SettingsInvalid(f"{variable}_FILE: {path} cannot be read ({reason})") from None
    return found
