"""`runmail.answer.due`: an automatic answer, in the thread of the mail that it answers."""

from __future__ import annotations

from consumers.notice import Answered, Notice
from consumers.own_events import AnswerDue


def answer_due(event: AnswerDue) -> Notice:
    """Return the Notice of an automatic answer. Its thread is nobody's to mute: it was asked for."""
    data = event.data
    return Notice(
        template="answer",
        recipients=tuple(data.recipients),
        data=data,
        thread_key=f"answer\n{data.reply}",
        topic_key=f"answer\n{data.reply}",
        topic=data.topic or "",
        answered=Answered(data.in_reply_to, tuple(data.references)),
    )
