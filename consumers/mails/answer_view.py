"""What the templates of an automatic answer are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.mails.answer_words import OFFERS, REFUSALS, UNNAMED
from consumers.mails.budget import Budget
from consumers.mails.cleaning import clean_line, cut
from consumers.mails.run_finished_view import Outcome
from consumers.own_events import AnswerDueData


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An automatic answer as it is shown.

    `said` is why something was not done and `todo` what to do about it; `facts` are pairs of label and text, `offers`
    pairs of the line to answer with and what it asks for.
    """

    title: str
    outcome: Outcome
    said: str
    todo: str
    facts: tuple[tuple[str, str], ...]
    offers: tuple[tuple[str, str], ...]


def answer_view(data: AnswerDueData, timezone: str, budget: Budget) -> AnswerView:
    """Return what is shown of an automatic answer; it is short, so every budget is enough."""
    topic = cut(clean_line(data.topic or ""), 120)
    command = cut(clean_line(data.command or ""), 60)
    said, todo = ("", "")
    if data.kind == "help":
        outcome = Outcome("?", "info", "What you can answer")
    else:
        outcome = Outcome("✗", "warn", "Not done")
        said, todo = REFUSALS.get(data.reason or "", UNNAMED)
    facts = (
        ("You asked for", command if data.kind == "refused" else ""),
        ("Mail about", topic),
        ("Sent to", cut(clean_line(data.sent_to or ""), 120)),
        ("Delivery", str(data.delivery) if topic else ""),
    )
    return AnswerView(
        title=topic or "your answer",
        outcome=outcome,
        said=said,
        todo=todo,
        facts=tuple((label, text) for label, text in facts if text),
        offers=tuple(OFFERS[name] for name in data.offers if name in OFFERS),
    )
