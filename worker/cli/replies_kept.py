"""`runmail replies list`, `show` and `reclassify`: the mails that were kept, and what they were understood as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from consumers.inbound.reading.outcome import Outcome
from worker.cli import shown
from worker.cli.completing import profile_names
from worker.cli.progress import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
#: Mails that are understood again in one step, so that progress shows.
STEP = 200


def list_(
    outcome: Annotated[Outcome | None, typer.Option(help="Only mails with this outcome.")] = None,
    profile: Annotated[
        str | None, typer.Option(autocompletion=profile_names, help="Only mails in this profile's mailbox.")
    ] = None,
    delivery: Annotated[int | None, typer.Option(help="Only answers to this delivery.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the mails that came back, newest first."""
    from consumers.views.replies import ReplyFilter, list_replies
    from worker.cli import standing

    wanted = ReplyFilter(outcome.value if outcome else None, profile, delivery, limit)
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_replies(connection, wanted)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No replies." if wanted == ReplyFilter(limit=limit) else "No such replies.")
    else:
        columns = ("id", "outcome", "sender", "command", "reason", "delivery_id", "subject", "kept_at")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


def show(which: Annotated[int, typer.Argument(help="Number of the reply.")], as_json: AsJson = False) -> None:
    """Show one reply: what it was understood as, why, and its new text."""
    from consumers.views.replies import show_reply
    from worker.cli import standing

    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = show_reply(connection, which)
    if found is None:
        shown.fail(f"there is no reply {which}")
    if as_json:
        shown.print_json(found)
        return
    text, bounces = found.pop("text") or "", found.pop("bounces", [])
    if answer := found.get("answer"):
        found["answer"] = answer_told(answer)
    shown.print_facts(
        {name: ("yes" if value else "no") if isinstance(value, bool) else value for name, value in found.items()}
    )
    for bounce in bounces:
        shown.say(f"bounce  {bounce['recipient']}  {bounce['reason']}  {bounce['status']}".rstrip())
    for line in text.splitlines():
        shown.say(f"  │ {line}")


def answer_told(answer: dict[str, Any]) -> str:
    """Return what became of the automatic answer that a reply wanted."""
    what = f"{answer['kind']} {answer['reason']}" if answer["reason"] else answer["kind"]
    if answer["withheld"]:
        return f"{what}: not sent, {answer['withheld']}"
    if answer["delivery"] is None:
        return f"{what}: about to be planned"
    return f"{what}: delivery {answer['delivery']}, {answer['state']}"


def reclassify(
    which: Annotated[list[int], typer.Argument(help="Numbers of replies.")], as_json: AsJson = False
) -> None:
    """Understand kept mails again, after an update of runmail or of a profile. What had its effect has it once."""
    from consumers.ledger.understood import read_again
    from worker.cli import standing
    from worker.composition import reply_path

    ground = standing.ground()
    path = reply_path(ground)
    again: list[int] = []
    with Progress("reading mails") as progress:
        for step in progress.counting(_steps(which)):
            with ground.engine.begin() as connection:
                ids = read_again(connection, step)
            path.read_replies(ids)
            again += ids
    gone = sorted(set(which) - set(again))
    if as_json:
        shown.print_json({"reclassified": sorted(again), "not_kept": gone})
    elif again:
        shown.say(f"{len(again)} understood again: `runmail replies show {min(again)}` tells how.")
    if gone:
        shown.fail(f"no octets are kept of {', '.join(map(str, gone))}")


def _steps(which: Sequence[int]) -> list[list[int]]:
    return [list(which[start : start + STEP]) for start in range(0, len(which), STEP)]
