"""What a consumer makes of an event: a Notice, the reason for none, or a question that must be looked up first.

It knows neither the profile's addresses nor the mail's looks; `consumers.mails` turns it into a mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from consumers.contract.events import AlertData, ReportRequested, RunFinishedData, SummaryReadyData
from consumers.own_events import AnswerDueData


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has taken an alert in hand, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The mail that is answered by ours: Message-IDs without brackets, checked to be harmless in a header."""

    in_reply_to: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What to say to whom.

    `template` names a folder of templates; `recipients` are as the event wrote them (empty: the profile's
    defaults); `data` is the event's own typed data; `thread_key` is the same for mails that belong to one
    conversation (suite and branch, or the key of an alert) and is no secret; `topic_key` is what a recipient may
    stop (the suite, else the conversation), and `topic` names it for people. `taken` is
    known of an alert that somebody acknowledged; no consumer knows it. `answered` is set where the mail is an automatic
    answer to another.
    """

    template: str
    recipients: tuple[str, ...]
    data: RunFinishedData | SummaryReadyData | AlertData | AnswerDueData
    thread_key: str
    topic_key: str
    topic: str
    taken: Taken | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """The named reason why an event needs no mail."""

    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """An event that is answered by another event, which is computed from the ledger and then told like any other."""

    asked: ReportRequested
