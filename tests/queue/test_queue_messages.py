"""The queue's consumer on a real Redis: nothing is stranded, and no bytes of a stranger can raise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.errors import ConnectionClosed
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.spine import queue_message
from worker.broker import QueueBroker, heartbeat_timeout
from worker.queue_consumer import QUARANTINE, QueueConsumer, read_message
from worker.redis_client import make_client

ACTORS = ("accept", "plan", QUARANTINE)


@pytest.fixture
def broker(redis_url: str) -> Iterator[QueueBroker]:
    client = make_client(f"{redis_url}/501")
    client.flushdb()
    broker = QueueBroker(client)
    dramatiq.actor(broker=broker, queue_name="events", actor_name="accept")(lambda event: None)
    yield broker
    client.close()


def put(broker: QueueBroker, redis_id: str, body: bytes) -> None:
    broker.client.hset("dramatiq:events.msgs", redis_id, body)
    broker.client.rpush("dramatiq:events", redis_id)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary() | st.dictionaries(st.text(), json_values).map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise(body: bytes) -> None:
    message = read_message("events", "id", body, ACTORS)

    assert message.options["redis_message_id"] == "id"
    assert message.queue_name == "events"


@given(
    st.fixed_dictionaries(
        {
            "actor_name": st.sampled_from([*ACTORS, "nobody"]) | json_values,
            "args": st.lists(json_values) | json_values,
            "kwargs": json_values,
            "options": st.dictionaries(st.sampled_from(["eta", "retries", "traceback", "pipe_target"]), json_values),
            "message_id": json_values,
            "message_timestamp": json_values,
        }
    )
)
def test_a_strangers_queue_message_keeps_only_options_of_the_right_kind(fields: dict[str, Any]) -> None:
    message = read_message("events", "id", queue_message({}, **fields), ACTORS)

    assert set(message.options) <= {"eta", "retries", "traceback", "requeue_timestamp", "redis_message_id"}
    assert isinstance(message.options.get("retries", 0), int)
    assert message.actor_name in ACTORS


def test_a_stranger_cannot_call_the_quarantine_itself() -> None:
    message = read_message("events", "id", queue_message({}, actor_name=QUARANTINE, args=["x", "y"]), ACTORS)

    assert message.args[1] == "unknown_actor"


def test_what_the_server_gave_out_in_an_answer_that_was_lost_is_put_back(broker: QueueBroker) -> None:
    put(broker, "1", queue_message({}))
    consumer = QueueConsumer(broker, "events", 4, 50)
    broker.fetch_script(keys=consumer._keys, args=[0, broker.broker_id, 4])

    assert next(consumer) is None
    message = next(consumer)

    assert message is not None
    consumer.ack(message)
    assert broker.client.hlen("dramatiq:events.msgs") == 0


def test_what_was_fetched_and_never_handed_out_is_put_back_on_closing(broker: QueueBroker) -> None:
    for number in range(4):
        put(broker, str(number), queue_message({}))
    consumer = QueueConsumer(broker, "events", 4, 50)
    next(consumer)
    consumer.close()

    assert broker.client.llen("dramatiq:events") == 3


def test_a_server_that_stalls_counts_as_lost(broker: QueueBroker, redis_url: str) -> None:
    stalled = QueueBroker(
        redis.Redis.from_url(f"{redis_url}/501", socket_timeout=0.2, retry=None)  # type: ignore[arg-type]
    )
    consumer = QueueConsumer(stalled, "events", 4, 60_000)

    with pytest.raises(ConnectionClosed):
        next(consumer)


def test_the_messages_of_a_dead_process_come_back_on_request(broker: QueueBroker) -> None:
    put(broker, "1", queue_message({}))
    dead = QueueBroker(broker.client)
    consumer = QueueConsumer(dead, "events", 4, 50)
    next(consumer)
    broker.client.zadd("dramatiq:__heartbeats__", {dead.broker_id: 0})

    broker.take_back_lost(["events"])

    assert broker.client.llen("dramatiq:events") == 1


def test_a_process_counts_as_dead_after_the_lease_within_bounds() -> None:
    assert [heartbeat_timeout(lease) for lease in (None, 60, 10, 1)] == [15_000, 15_000, 10_000, 3_000]


def test_an_id_without_a_body_stops_nothing(broker: QueueBroker) -> None:
    broker.client.rpush("dramatiq:events", "gone")
    put(broker, "1", queue_message({}))

    assert next(QueueConsumer(broker, "events", 4, 50)) is not None
