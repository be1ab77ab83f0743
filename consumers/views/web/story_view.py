"""The steps of a story in words and colours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consumers.views.story import Step

#: By the outcome of an attempt: a colour and a heading.
_ATTEMPTS = {
    "taken": ("good", "Taken by the receiving server"),
    "deferred": ("warn", "Not taken this time"),
    "refused": ("bad", "Refused"),
    "unknown": ("warn", "The server's answer was lost"),
    "stopped": ("quiet", "Not begun"),
}
#: By what came back.
_ANSWERS = {
    "reply": ("info", "Answer"),
    "command": ("info", "Command"),
    "bounce": ("bad", "Notice of a bounce"),
    "delayed": ("warn", "Notice of a delay"),
    "auto_reply": ("quiet", "Automatic answer"),
    "feedback": ("warn", "Complaint"),
    "unsubscribe": ("info", "Unsubscribed"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One step for people: `said` is a server's or a person's own text, `note` ours.

    `reply` is the number of the mail that tells more, `sent_as` that of the delivery of an answer of ours; `until` is a
    moment in milliseconds UTC.
    """

    at: int
    tone: str
    heading: str
    note: str = ""
    said: str = ""
    reply: int | None = None
    delivery: int | None = None
    until: int | None = None
    sent_as: int | None = None


def tell(step: Step) -> Told:
    """Return a step in words."""
    said: dict[str, Any] = step.said
    tone, heading, note, quoted = _words(step)
    return Told(
        at=step.at,
        tone=tone,
        heading=heading,
        note=note,
        said=quoted,
        reply=said.get("reply"),
        delivery=step.delivery,
        until=said.get("until"),
        sent_as=said.get("sent_as"),
    )


def words(name: str | None) -> str:
    """Return a name of ours, such as `mailbox_unknown`, as words."""
    return (name or "").replace("_", " ").replace(":", ": ")


def _words(step: Step) -> tuple[str, str, str, str]:
    """Return colour, heading, our note and a stranger's text."""
    said = step.said
    by = f" by {said['by']}" if "by" in said else ""
    match step.what:
        case "published":
            return "quiet", "Published", "by the publisher's clock", ""
        case "recorded":
            return "info", "Recorded", "from here on the event cannot be lost", ""
        case "planned":
            many = said.get("deliveries")
            return "info", f"Planned for {many} recipients" if many else "Planned", "", ""
        case "attempt":
            tone, heading = _ATTEMPTS.get(said["outcome"], ("quiet", words(said["outcome"])))
            through = f" through {said['profile']}" if "profile" in said else ""
            note = f"attempt {said['number']}{through}" + (f", {words(said['reason'])}" if "reason" in said else "")
            answer = " ".join(str(said[name]) for name in ("code", "status", "answer") if name in said)
            return tone, heading, note, answer
        case "took_effect":
            return "good", f"“{said['command']}” took effect", f"given{by}", ""
        case "answered":
            return "info", "Answered by runmail", words(said.get("reason")), ""
        case "bounced":
            hard = said["kind"] == "hard"
            heading = "Bounced: it did not arrive" if hard else "Bounced this time"
            return "bad" if hard else "warn", heading, said.get("status", ""), ""
        case "muted":
            return "quiet", f"Muted{by}", f"no mail about {said['about']} to this recipient", ""
        case "stopped":
            return "quiet", f"Stopped{by}", f"no more mail about {said['about']} to this recipient", ""
        case "acknowledged":
            return "good", f"Taken in hand{by}", said.get("about", ""), ""
        case "address_suppressed":
            return "bad", "Address suppressed", "it bounced for good too often", ""
    tone, heading = _ANSWERS.get(step.what, ("quiet", words(step.what).capitalize()))
    if "command" in said:
        heading = f"{heading} “{said['command']}”"
    return tone, f"{heading}{by.replace(' by ', ' from ')}", words(said.get("reason")), said.get("subject", "")
