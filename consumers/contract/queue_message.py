"""The queue message that carries one published event: dramatiq's JSON, with the event as its only argument.

docs/publishing.md documents it byte for byte for publishers in other languages. It knows no Redis.
"""

from __future__ import annotations

import json
from datetime import datetime

from .events import Event

#: Where events are published, and the actor that accepts them.
QUEUE = "events"
ACTOR = "accept"


def queue_message(event: Event, now: datetime, message_id: str) -> bytes:
    """Return the body of the queue message; equal arguments give equal bytes.

    `message_id` is both dramatiq's id of the message and the field of the Redis hash that holds the body;
    `now` is written in whole milliseconds since 1970.
    """
    head = f'{{"queue_name":"{QUEUE}","actor_name":"{ACTOR}","args":['
    options = json.dumps({"redis_message_id": message_id}, separators=(",", ":"))
    tail = (
        f'],"kwargs":{{}},"options":{options},"message_id":{json.dumps(message_id)},'
        f'"message_timestamp":{_milliseconds(now)}}}'
    )
    return f"{head}{event.to_json_text()}{tail}".encode()


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp()) * 1000 + now.microsecond // 1000
