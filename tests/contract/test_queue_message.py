"""The queue message is dramatiq's, byte for byte as documented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from dramatiq import Message
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract import Alert, read_event
from consumers.contract.queue_message import queue_message

NOW = datetime(2026, 11, 20, 6, 41, 2, 123_999, tzinfo=UTC)


def alert(title: str) -> Alert:
    return Alert.model_validate(
        {"id": "1", "source": "tests", "data": {"profile": "QA alerts", "key": "disk", "title": title}}
    )


def test_equal_arguments_give_the_bytes_of_the_documentation() -> None:
    assert queue_message(alert("Disk voll: 90 € “x”"), NOW, "7f3a").decode() == (
        '{"queue_name":"events","actor_name":"accept","args":[{"specversion":"1.0","id":"1","source":"tests",'
        '"type":"runmail.alert","datacontenttype":"application/json","data":{"profile":"QA alerts","recipients":[],'
        '"labels":{},"shortened":{},"key":"disk","title":"Disk voll: 90 € “x”","severity":"warning",'
        '"status":"firing"}}],"kwargs":{},"options":{"redis_message_id":"7f3a"},"message_id":"7f3a",'
        '"message_timestamp":1795156862123}'
    )


@given(title=st.text(max_size=200), message_id=st.text(min_size=1, max_size=40))
def test_dramatiq_reads_the_same_event_from_it(title: str, message_id: str) -> None:
    event = alert(title)
    message: Message[Any] = Message.decode(queue_message(event, NOW, message_id))
    assert (message.queue_name, message.actor_name, message.kwargs) == ("events", "accept", {})
    assert message.message_id == message.options["redis_message_id"] == message_id
    assert message.message_timestamp == 1795156862123
    assert message.args == (event.to_json(),)
    assert read_event(message.args[0]).to_json() == read_event(event.to_json()).to_json()


def test_the_milliseconds_are_exact_where_floats_are_not() -> None:
    for millisecond in range(1000):
        moment = NOW.replace(microsecond=millisecond * 1000)
        assert json.loads(queue_message(alert("x"), moment, "1"))["message_timestamp"] == 1795156862000 + millisecond
