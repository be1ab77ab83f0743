"""`runmail replies follow`: what runmail publishes about replies, one event a line, as it comes."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from typing import Any

from sqlalchemy import Engine

from consumers.contract.outgoing_events import OUTGOING_TYPES
from consumers.views.following import Follower
from consumers.views.outgoing import Followed, last_place, place_of, read_after
from profiles.errors import ProfileError
from profiles.plain_text import plain
from worker.cli import shown, standing
from worker.process import stop_on_signals

#: Seconds between looks.
LOOK_SECONDS = 0.5
#: What `--after` says for everything that is kept.
FROM_THE_FIRST = "0"


def follow(*, after: str | None, types: list[str] | None, profile: str | None, as_json: bool) -> None:
    """Print events as they come until the command is ended or its reader gone; its options are told in `replies`."""
    for name in types or ():
        if name not in OUTGOING_TYPES:
            shown.fail(f"“{name}” is no type: {', '.join(OUTGOING_TYPES)}", 2)
    stopping = stop_on_signals()
    ground = standing.ground()
    profile_id = None
    if profile is not None:
        try:
            profile_id = ground.profiles.by_name(profile).id
        except ProfileError as error:
            shown.fail(str(error))
    follower = Follower(_first_place(ground.engine, after), time.monotonic)
    if sys.stderr.isatty():
        shown.note("Waiting for what comes. Ctrl-C ends.")
    reading = ground.engine.execution_options(reading=True)
    while not stopping.is_set() and not _is_reader_gone():
        with reading.connect() as connection:
            found = read_after(connection, follower.after)
        for each in follower.take(found):
            if (
                (profile_id in (None, each.profile_id))
                and (not types or each.type in types)
                and not _print(each, as_json)
            ):
                return
        if not found:
            stopping.wait(LOOK_SECONDS)
        elif follower.after != found[-1].row_id:
            stopping.wait(LOOK_SECONDS / 5)


def _first_place(engine: Engine, after: str | None) -> int:
    with engine.execution_options(reading=True).connect() as connection:
        if after is None:
            return last_place(connection)
        if after == FROM_THE_FIRST:
            found = read_after(connection, 0)
            return found[0].row_id - 1 if found else last_place(connection)
        place = place_of(connection, after)
    if place is None:
        shown.fail(f"there is no event “{after}”, or no longer: --after 0 begins with the first that is kept")
    return place


def _print(each: Followed, as_json: bool) -> bool:
    """Print one event at once; False when nobody reads any more."""
    document = json.loads(each.body)
    try:
        sys.stdout.write(f"{json.dumps(document) if as_json else plain(_line(document))}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try again at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _line(document: dict[str, Any]) -> str:
    """Return an event as a line for people."""
    told = document["data"]
    who = told.get("issued_by") or told.get("sender") or told.get("recipient") or ""
    what = told.get("command") or told.get("subject") or told.get("reason") or ""
    return "  ".join(
        str(part) for part in (document.get("time", ""), document["type"], who, what, document["id"]) if part
    )


def _is_reader_gone() -> bool:
    """Say whether the other end of a pipe is closed; waiting for the next event to notice could take days."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except (OSError, ValueError):  # what has no file behind it is no pipe
        return False
