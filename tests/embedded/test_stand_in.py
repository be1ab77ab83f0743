"""The Python stand-in for Redis, and that it carries dramatiq."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest
import redis
from dramatiq.worker import Worker
from hypothesis import given
from hypothesis import strategies as st

from tests.embedded.conftest import servers_in
from worker.broker import QueueBroker
from worker.broker_file import Broker
from worker.embedded_redis import EmbeddedRedis
from worker.redis_client import make_client
from worker.redis_servers import STAND_IN
from worker.stand_in_redis import carries, first_command


@pytest.fixture
def broker(home: Path) -> Iterator[Broker]:
    embedded = EmbeddedRedis(home, servers=[STAND_IN], patience=15)
    yield embedded.start()
    embedded.stop()
    assert servers_in(home) == []


def test_it_says_that_it_keeps_nothing(broker: Broker) -> None:
    assert "keeps nothing" in broker.kind


def test_it_lets_nobody_in_without_the_password(broker: Broker) -> None:
    port = redis.Redis.from_url(broker.url).connection_pool.connection_kwargs["port"]
    for password in (None, "wrong"):
        with pytest.raises((redis.AuthenticationError, redis.ConnectionError)):
            redis.Redis(host="127.0.0.1", port=port, password=password, retry=None).set("taken", 1)
    assert redis.Redis.from_url(broker.url).get("taken") is None


@pytest.mark.parametrize("protocol", [2, 3])
def test_both_protocols_of_redis_get_in(broker: Broker, protocol: int) -> None:
    assert redis.Redis.from_url(broker.url, protocol=protocol).ping()


def test_it_carries_the_queue(broker: Broker) -> None:
    queue = QueueBroker(make_client(broker.url))
    seen: list[int] = []
    done = threading.Event()

    def take(number: int) -> None:
        seen.append(number)
        if len(seen) == 20:
            done.set()

    actor = dramatiq.actor(take, broker=queue)
    for number in range(20):
        actor.send(number)
    worker = Worker(queue, worker_threads=2, worker_timeout=100)
    worker.start()
    try:
        assert done.wait(20)
        queue.join(actor.queue_name, timeout=10_000)
    finally:
        worker.stop()
    assert sorted(seen) == list(range(20))


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda word: b"\r\n" not in word), min_size=1, max_size=6))
def test_a_first_command_is_read_once_it_is_complete(words: list[bytes]) -> None:
    sent = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    assert first_command(sent) == words
    assert first_command(sent + b"*1\r\n") == words
    for cut in range(len(sent)):
        assert first_command(sent[:cut]) is None


@given(st.binary(max_size=100))
def test_whatever_comes_first_is_not_let_in_without_the_password(received: bytes) -> None:
    assert not carries(b"a password of ours", first_command(received) or [])
