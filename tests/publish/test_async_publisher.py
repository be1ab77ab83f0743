"""AsyncPublisher: what it puts on the queue and what it says of faults is what the Publisher does."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from consumers.contract import (
    Alert,
    AsyncPublisher,
    BrokerUnavailable,
    Event,
    MalformedEvent,
    Publisher,
    Spool,
    read_event,
)
from consumers.contract.batches import BATCH_EVENTS
from tests.publish.test_publish_files import published

pytestmark = pytest.mark.real("redis")

NOW = datetime(2026, 11, 20, 6, 41, 2, 123_000, tzinfo=UTC)


def alert(number: int, **data: Any) -> Alert:
    facts = {"profile": "QA alerts", "key": "disk", "title": f"Disk {number}", **data}
    return Alert.model_validate({"id": str(number), "source": "tests", "data": facts})


def ids(broker: redis.Redis) -> list[str]:
    return [event["id"] for event in published(broker)]


def test_the_queue_message_is_the_same_bytes(broker_url: str, broker: redis.Redis) -> None:
    async def publish() -> str:
        async with AsyncPublisher(broker_url, clock=lambda: NOW, new_id=lambda: "async") as publisher:
            return await publisher.publish(alert(1))

    assert asyncio.run(publish()) == "1"
    with Publisher(broker_url, clock=lambda: NOW, new_id=lambda: "plain") as publisher:
        publisher.publish(alert(1))
    assert broker.lrange("dramatiq:events", 0, -1) == [b"async", b"plain"]
    one: Any = broker.hget("dramatiq:events.msgs", "async")
    other: Any = broker.hget("dramatiq:events.msgs", "plain")
    assert one == other.replace(b"plain", b"async")


@pytest.mark.parametrize("name", ["alert", "run-finished", "summary-ready", "report-requested"])
def test_events_of_every_type_are_published_with_and_without_asyncio(
    name: str, broker_url: str, broker: redis.Redis, examples: Path
) -> None:
    event = read_event(json.loads((examples / f"{name}.json").read_text(encoding="utf-8")))

    async def publish(event: Event) -> None:
        async with AsyncPublisher(broker_url) as publisher:
            await publisher.publish(event)

    asyncio.run(publish(event))
    with Publisher(broker_url) as publisher:
        publisher.publish(event)
    assert published(broker) == [event.to_json(), event.to_json()]


def test_many_events_keep_their_order_and_tasks_may_share_a_publisher(broker_url: str, broker: redis.Redis) -> None:
    number = BATCH_EVENTS + 7

    async def publish() -> list[str]:
        async with AsyncPublisher(broker_url) as publisher:
            found = await publisher.publish_many(alert(n) for n in range(number))
            await asyncio.gather(*(publisher.publish(alert(number + n)) for n in range(20)))
            return found

    assert asyncio.run(publish()) == [str(n) for n in range(number)]
    assert ids(broker)[:number] == [str(n) for n in range(number)]
    assert sorted(ids(broker)[number:], key=int) == [str(number + n) for n in range(20)]


def test_events_are_prepared_and_what_stands_before_a_refused_one_is_published(
    broker_url: str, broker: redis.Redis
) -> None:
    said = "API_TOKEN=" + "".join(reversed("321terces"))

    async def publish() -> None:
        async with AsyncPublisher(broker_url) as publisher:
            await publisher.publish_many([alert(1, description=said), alert(2, extra=object()), alert(3)])

    with pytest.raises(MalformedEvent):
        asyncio.run(publish())
    assert [event["data"]["description"] for event in published(broker)] == ["API_TOKEN=•••"]


def test_a_broker_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    async def publish(url: str) -> None:
        async with AsyncPublisher(url) as publisher:
            await publisher.publish(alert(1))

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(BrokerUnavailable) as caught:
            asyncio.run(publish(f"redis://user:opensesame@127.0.0.1:{port}/0"))
        assert (str(caught.value), caught.value.published) == (f"no broker answers at 127.0.0.1:{port}", 0)
    with pytest.raises(BrokerUnavailable, match="the broker URL is none that Redis knows"):
        asyncio.run(publish("http://x"))


def test_the_spool_is_shared_by_both(broker_url: str, broker: redis.Redis, tmp_path: Path) -> None:
    async def publish(url: str, *numbers: int) -> tuple[int, int]:
        async with AsyncPublisher(url, spool=tmp_path) as publisher:
            await publisher.publish_many([alert(n) for n in numbers])
            assert publisher.spool is not None
            assert (publisher.away is None) == (publisher.spool.kept == 0)
            return publisher.spool.kept, publisher.spool.sent

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{closed.getsockname()[1]}"
        assert asyncio.run(publish(url, 1, 2)) == (2, 0)
        assert asyncio.run(publish(url, 3)) == (1, 0)
    assert asyncio.run(publish(broker_url, 4)) == (0, 3)
    assert ids(broker) == ["1", "2", "3", "4"]
    assert Spool(tmp_path).waiting() == []
