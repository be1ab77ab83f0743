"""What the commands of `runmail publish` share: sending events, and telling what became of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from consumers.contract import BrokerUnavailable, Event, MalformedEvent, Publisher, Spool, SpoolUnusable
from consumers.contract.sizes import fit
from consumers.contract.tracing import in_trace
from worker.cli import entry, shown

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be published; needs no broker.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the ids as one JSON document.")]
NoMask = Annotated[
    bool, typer.Option("--no-mask", help="Leave what looks like a credential in messages and traces as it is.")
]
SpoolFolder = Annotated[
    Path | None,
    typer.Option("--spool", metavar="DIR", help="Keep events here while no broker answers. [RUNMAIL_SPOOL]"),
]

T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What became of one input, named `place`. `kept` events wait in the spool."""

    place: str
    published: list[Event] = field(default_factory=list)
    kept: list[Event] = field(default_factory=list)
    refused: list[tuple[MalformedEvent, int]] = field(default_factory=list)

    def refuse(self, refused: MalformedEvent, line: int = 0) -> None:
        """Note a refused event and say it at once, in one line; `line` is 0 where there is none."""
        self.refused.append((refused, line))
        shown.warn(f"{self.place}, line {line}: {refused}" if line else f"{self.place}: {refused}")

    def tell(self, *, as_json: bool, dry_run: bool) -> None:
        """Print what was published and end with 1 when anything was refused or nothing was there."""
        if not dry_run:
            self._print_json() if as_json else self._print_text()
        if self.refused:
            raise typer.Exit(1)
        if not (self.published or self.kept):
            shown.fail(f"{self.place}: there is no event in it")

    def _print_json(self) -> None:
        shown.print_json(
            {
                "ids": [event.id for event in (*self.published, *self.kept)],
                "published": [_named(event) for event in self.published],
                "kept": [_named(event) for event in self.kept],
                "refused": [
                    {"line": line or None, "reason": refused.reason, "field": refused.field, "text": refused.text}
                    for refused, line in self.refused
                ],
            }
        )

    def _print_text(self) -> None:
        parts = []
        if self.published or self.refused:
            parts.append(_counted("published", self.published))
        if self.kept:
            parts.append(_counted("kept", self.kept))
        if self.refused:
            parts.append(f"refused {len(self.refused)}")
        if parts:
            shown.say(", ".join(parts))


def publish(events: Iterable[Event], outcome: Outcome, *, dry_run: bool, spool: Path | None = None) -> None:
    """Publish prepared events as they come, or print each as one line of JSON; note them in `outcome`.

    They belong to the trace that TRACEPARENT names, unless they name one.
    Without a spool, here or in the settings, the program ends with 1 when no broker answers. With one, what waits there
    is sent first, and what no broker takes is kept, with a warning.
    """
    events = (in_trace(event, os.environ) for event in events)
    if dry_run:
        for event in events:
            sys.stdout.write(json.dumps(event.to_json()) + "\n")
            outcome.published.append(event)
        return
    settings = entry.settings()
    folder = spool or settings.spool
    if folder is None:
        _send(events, outcome, entry.broker_url(settings))
    else:
        _send_or_keep(events, outcome, entry.configured_broker(settings), Spool(folder))


def publish_one(place: str, build: Callable[[], Event], *, spool: Path | None, dry_run: bool, as_json: bool) -> None:
    """Publish the event that `build` makes, or say why it is none; end the command as `Outcome.tell` does."""
    told = Outcome(place)
    try:
        event = fit(build())
    except MalformedEvent as refused:
        told.refuse(refused)
    else:
        publish([event], told, dry_run=dry_run, spool=spool)
    told.tell(as_json=as_json, dry_run=dry_run)


def _send(events: Iterable[Event], outcome: Outcome, url: str) -> None:
    sent: list[Event] = []
    # Every door has prepared its events, so that it could refuse each by itself.
    with Publisher(url, mask=False) as publisher:
        try:
            publisher.publish_many(_noted(events, sent))
        except BrokerUnavailable as error:
            shown.fail(f"{error}; {error.published} events were published before")
    outcome.published += sent


def _send_or_keep(events: Iterable[Event], outcome: Outcome, url: str | None, spool: Spool) -> None:
    taken: list[Event] = []
    why: object = entry.NO_BROKER
    publisher = None
    if url is not None:
        try:
            publisher = Publisher(url, mask=False, spool=spool)
        except BrokerUnavailable as error:  # the URL is none that Redis knows
            why = error
    try:
        if publisher is None:
            spool.keep(_noted(events, taken))
        else:
            with publisher:
                publisher.publish_many(_noted(events, taken))
                why = publisher.away
    except SpoolUnusable as error:
        reason = why if publisher is None else publisher.away
        shown.fail(f"{error}; all was published" if reason is None else f"{reason}; and {error}")
    tell_set_aside(spool)
    if spool.sent:
        shown.warn(f"sent first what waited in {spool.folder}: {spool.sent} event{_s(spool.sent)}")
    # Once an event is kept, so are all after it.
    first = len(taken) - spool.kept
    outcome.published += taken[:first]
    outcome.kept += taken[first:]
    if spool.kept:
        shown.warn(f"{why}; kept in {spool.folder}: the next publish with this --spool sends it")


def tell_set_aside(spool: Spool) -> None:
    """Say which files of a spool are no events."""
    for path, refused in spool.set_aside:
        shown.warn(f"{path}: {refused}; set aside")


def _counted(what: str, events: list[Event]) -> str:
    text = f"{what} {len(events)} event{_s(len(events))}"
    return f"{text}: {events[0].type} {events[0].id}" if len(events) == 1 else text


def _named(event: Event) -> dict[str, str]:
    return {"source": event.source, "id": event.id, "type": event.type}


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _noted(events: Iterable[T], noted: list[T]) -> Iterator[T]:
    for event in events:
        noted.append(event)
        yield event
