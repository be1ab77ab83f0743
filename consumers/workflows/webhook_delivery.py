"""One attempt to deliver an event to a webhook: signed, sent, and the answer judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from consumers.workflows.outcome import Outcome, Verdict
from consumers.workflows.posting import Answer, NotSent
from consumers.workflows.signing import sign

#: Media type of a CloudEvent in structured mode (CloudEvents 1.0, HTTP binding 3.2).
CONTENT_TYPE = "application/cloudevents+json"
#: Why a webhook is switched off whose receiver answers 410.
GONE = "gone"
#: Milliseconds of a second.
SECOND = 1_000

Send = Callable[[str, Mapping[str, str], bytes], Awaitable[Answer]]


async def deliver_to_webhook(
    send: Send, url: str, secrets: Sequence[str], event_id: str, body: bytes, *, now: int
) -> Outcome:
    """Send one event; `now` in milliseconds since 1970 UTC. Never raises for what the other side does."""
    headers = {"content-type": CONTENT_TYPE, **sign(secrets, event_id, now // SECOND, body)}
    try:
        answer = await send(url, headers, body)
    except NotSent as error:
        return Outcome(Verdict.AGAIN, error.reason)
    return judge(answer)


def judge(answer: Answer) -> Outcome:
    """Say what an answer means (Standard Webhooks 1.0, "Delivery success and failure")."""
    said, asked = str(answer), answer.retry_after * SECOND
    if 200 <= answer.status < 300:
        return Outcome(Verdict.DONE, None, said)
    if answer.status == 410:
        return Outcome(Verdict.NEVER, GONE, said)
    reason = "redirected" if answer.status < 400 else f"http_{answer.status}"
    return Outcome(Verdict.AGAIN, reason, said, asked)
