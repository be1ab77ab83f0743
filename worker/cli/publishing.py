"""What the commands of `runmail publish` share: sending events, and telling what became of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import typer

from consumers.contract import BrokerUnavailable, Event, MalformedEvent, Publisher
from worker.cli import entry, shown

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be published; needs no broker.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the ids as one JSON document.")]

T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What became of one input, named `place`."""

    place: str
    published: list[Event] = field(default_factory=list)
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
        if not self.published:
            shown.fail(f"{self.place}: there is no event in it")

    def _print_json(self) -> None:
        shown.print_json(
            {
                "ids": [event.id for event in self.published],
                "published": [{"source": event.source, "id": event.id, "type": event.type} for event in self.published],
                "refused": [
                    {"line": line or None, "reason": refused.reason, "field": refused.field, "text": refused.text}
                    for refused, line in self.refused
                ],
            }
        )

    def _print_text(self) -> None:
        count, refused = len(self.published), len(self.refused)
        text = f"published {count} event{'' if count == 1 else 's'}"
        if count == 1:
            text += f": {self.published[0].type} {self.published[0].id}"
        if count or refused:
            shown.say(f"{text}, refused {refused}" if refused else text)


def publish(events: Iterable[Event], outcome: Outcome, *, dry_run: bool) -> None:
    """Publish events as they come, or print each as one line of JSON; note them in `outcome`.

    Ends the program with 1 when no broker answers.
    """
    if dry_run:
        for event in events:
            sys.stdout.write(json.dumps(event.to_json()) + "\n")
            outcome.published.append(event)
        return
    url = entry.broker_url(entry.settings())
    sent: list[Event] = []
    with Publisher(url) as publisher:
        try:
            publisher.publish_many(_noted(events, sent))
        except BrokerUnavailable as error:
            shown.fail(f"{error}; {error.published} events were published before")
    outcome.published += sent


def _noted(events: Iterable[T], noted: list[T]) -> Iterator[T]:
    for event in events:
        noted.append(event)
        yield event
