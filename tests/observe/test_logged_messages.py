"""What a log line says of queue messages: their ids, and nothing that is in them."""

from __future__ import annotations

import logging

from dramatiq.broker import MessageProxy
from dramatiq.message import Message

from worker.logs import OnlyIds


def logged(*arguments: object) -> str:
    record = logging.LogRecord("dramatiq", logging.WARNING, __file__, 1, "%s", arguments, None)
    OnlyIds().filter(record)
    return record.getMessage()


def test_a_queue_message_is_logged_by_its_ids_however_dramatiq_hands_it_over() -> None:
    message: Message[None] = Message("events", "accept", ("a secret",), {}, {}, message_id="17")

    assert logged(message) == logged(MessageProxy(message)) == "accept:17"


def test_anything_else_is_logged_as_it_is() -> None:
    assert logged("a text") == "a text"
