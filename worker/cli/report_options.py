"""What `report` and `schedules add` share: which runs, to whom, and the request made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from consumers.contract import MalformedEvent, ReportRequested, read_event
from consumers.contract.period_names import PERIOD_NAMES
from worker.cli import shown

ProfileOption = Annotated[str, typer.Option("--profile", help="Name of the e-mail profile that sends the mail.")]
To = Annotated[
    list[str] | None, typer.Option(help="Address to write to; repeat for more. Default: those of the profile.")
]
PeriodOption = Annotated[str | None, typer.Option("--period", help=f"Of when: {PERIOD_NAMES}.")]
Suite = Annotated[
    list[str] | None,
    typer.Option(help="Only this suite, or pattern such as 'checkout-*'; repeat for more. Default: all."),
]
Branch = Annotated[str | None, typer.Option(help="Only runs of this branch. Default: all.")]
Environment = Annotated[str | None, typer.Option(help="Only runs in this environment. Default: all.")]
RunsOf = Annotated[
    str | None, typer.Option(metavar="PROFILE", help="Only runs that were told through this profile. Default: all.")
]
Title = Annotated[
    str | None, typer.Option(help="Title of the mail. Default: made of the suites; of a schedule its name.")
]
SkipEmpty = Annotated[bool, typer.Option("--skip-empty", help="No mail when no run finished.")]


def addresses(to: Sequence[str] | None) -> list[str]:
    """Return the addresses of `--to`, each of which may hold several by comma."""
    return [address.strip() for text in to or () for address in text.split(",") if address.strip()]


def request_data(**said: Any) -> dict[str, Any]:
    """Return the data of a request without what was not said."""
    return {name: value for name, value in said.items() if value not in (None, [], False)}


def read_request(event_id: str, source: str, time: datetime, data: dict[str, Any]) -> ReportRequested:
    """Return the request as an event, or end with 2 and the field that is wrong."""
    told = {"specversion": "1.0", "type": "runmail.report.requested", "id": event_id, "source": source, "time": time}
    try:
        event = read_event({**told, "data": data})
    except MalformedEvent as refused:
        shown.fail(str(refused), 2)
    assert isinstance(event, ReportRequested)
    return event
