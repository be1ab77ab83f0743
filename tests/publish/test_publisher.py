"""Publisher puts events on a real Redis as dramatiq reads them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker

from consumers.contract import Alert, BrokerUnavailable, MalformedEvent, Publisher, RunFinished, read_event
from consumers.contract.batches import BATCH_EVENTS

pytestmark = pytest.mark.real("redis")

NOW = datetime(2026, 11, 20, 6, 41, 2, 123_000, tzinfo=UTC)


def alert(number: int, **data: Any) -> Alert:
    facts = {"profile": "QA alerts", "key": "disk", "title": f"Disk {number}", **data}
    return Alert.model_validate({"id": str(number), "source": "tests", "data": facts})


def bodies(broker: redis.Redis) -> list[dict[str, Any]]:
    """Return the queue messages in the order of the queue."""
    ids: Any = broker.lrange("dramatiq:events", 0, -1)
    found: Any = broker.hmget("dramatiq:events.msgs", ids) if ids else []
    return [json.loads(body) for body in found]


def test_an_event_is_one_queue_message_with_its_id_beside_it(broker_url: str, broker: redis.Redis) -> None:
    with Publisher(broker_url, clock=lambda: NOW, new_id=lambda: "m-1") as publisher:
        assert publisher.publish(alert(1)) == "1"
    assert broker.lrange("dramatiq:events", 0, -1) == [b"m-1"]
    assert bodies(broker) == [
        {
            "queue_name": "events",
            "actor_name": "accept",
            "args": [alert(1).to_json()],
            "kwargs": {},
            "options": {"redis_message_id": "m-1"},
            "message_id": "m-1",
            "message_timestamp": 1795156862123,
        }
    ]


def test_a_plain_dramatiq_worker_gets_the_event(broker_url: str) -> None:
    theirs = RedisBroker(url=broker_url)
    got: list[Any] = []
    all_here = threading.Event()

    def accept(event: Any) -> None:
        got.append(event)
        if len(got) == 20:
            all_here.set()

    dramatiq.actor(accept, broker=theirs, queue_name="events", actor_name="accept")
    worker = dramatiq.Worker(theirs, worker_threads=1, worker_timeout=20)
    worker.start()
    try:
        with Publisher(broker_url) as publisher:
            publisher.publish_many(alert(number) for number in range(20))
        assert all_here.wait(20)
    finally:
        worker.stop()
        theirs.close()
    assert [read_event(event).id for event in got] == [str(number) for number in range(20)]


def test_many_events_keep_their_order_and_their_ids_are_returned(broker_url: str, broker: redis.Redis) -> None:
    number = 2 * BATCH_EVENTS + 7
    with Publisher(broker_url) as publisher:
        assert publisher.publish_many(alert(n) for n in range(number)) == [str(n) for n in range(number)]
    assert [body["args"][0]["id"] for body in bodies(broker)] == [str(n) for n in range(number)]
    assert broker.hlen("dramatiq:events.msgs") == number


def test_nothing_published_is_nothing_done(broker_url: str, broker: redis.Redis) -> None:
    with Publisher(broker_url) as publisher:
        assert publisher.publish_many([]) == []
    assert broker.keys() == []


def test_large_events_travel_in_smaller_batches(broker_url: str, broker: redis.Redis) -> None:
    with Publisher(broker_url) as publisher:
        publisher.publish_many(alert(n, blob="x" * 400_000) for n in range(40))
    assert broker.llen("dramatiq:events") == 40


def test_an_event_above_the_size_limit_is_shortened_on_its_way(broker_url: str, broker: redis.Redis) -> None:
    failures = [{"name": f"test {n}", "trace": "x" * 20_000} for n in range(100)]
    data = {"profile": "QA alerts", "suite": "s", "outcome": "failed", "failures": failures}
    with Publisher(broker_url) as publisher:
        publisher.publish(RunFinished.model_validate({"id": "1", "source": "tests", "data": data}))
    assert bodies(broker)[0]["args"][0]["data"]["shortened"] == {"traces": 100}


def test_what_stands_before_an_event_that_is_refused_is_published(broker_url: str, broker: redis.Redis) -> None:
    events = [alert(1), alert(2), alert(3, extra=object()), alert(4)]
    with Publisher(broker_url) as publisher, pytest.raises(MalformedEvent):
        publisher.publish_many(events)
    assert [body["args"][0]["id"] for body in bodies(broker)] == ["1", "2"]


def test_threads_may_share_a_publisher(broker_url: str, broker: redis.Redis) -> None:
    with Publisher(broker_url) as publisher:
        threads = [
            threading.Thread(target=publisher.publish_many, args=([alert(n) for n in range(400)],)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert broker.llen("dramatiq:events") == broker.hlen("dramatiq:events.msgs") == 1600


def test_a_publisher_survives_losing_its_connections(broker_url: str, broker: redis.Redis) -> None:
    with Publisher(broker_url) as publisher:
        publisher.publish(alert(1))
        broker.client_kill_filter(_type="normal", skipme=True)
        publisher.publish(alert(2))
        publisher.close()
        publisher.publish(alert(3))
    assert broker.llen("dramatiq:events") == 3


def unavailable(url: str) -> str:
    with Publisher(url) as publisher, pytest.raises(BrokerUnavailable) as caught:
        publisher.publish(alert(1))
    assert caught.value.published == 0
    return str(caught.value)


def test_a_broker_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound and not listening: refuses, and nobody else takes the port
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert unavailable(f"redis://user:opensesame@127.0.0.1:{port}/0") == f"no broker answers at 127.0.0.1:{port}"
    assert unavailable(f"unix://{tmp_path}/none.sock") == f"no broker answers at {tmp_path}/none.sock"


@pytest.mark.parametrize("url", ["http://x", "redis://:open#sesame:word@127.0.0.1:6379", "nonsense", ""])
def test_a_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="the broker URL is none that Redis knows") as caught:
        Publisher(url)
    assert "sesame" not in str(caught.value)


def test_a_refused_login_is_told_apart(broker_url: str, broker: redis.Redis) -> None:
    text = unavailable(broker_url.replace("redis://", "redis://nobody:opensesame@"))
    assert "refuses the login" in text
    assert "opensesame" not in text


def test_a_broker_that_refuses_to_write_is_told_apart(broker_url: str, broker: redis.Redis) -> None:
    broker.config_set("maxmemory", 1)
    try:
        assert "is out of memory" in unavailable(broker_url)
    finally:
        broker.config_set("maxmemory", 0)
    broker.replicaof("127.0.0.1", 1)
    try:
        assert "is a read-only replica" in unavailable(broker_url)
    finally:
        broker.replicaof("NO", "ONE")
    broker.set("dramatiq:events", "no list")
    assert "refuses to write (WRONGTYPE)" in unavailable(broker_url)


def test_what_is_on_the_queue_for_certain_is_counted(broker_url: str, broker: redis.Redis) -> None:
    def events() -> Iterator[Alert]:
        for number in count():
            if number == BATCH_EVENTS + 5:  # the first batch has been sent
                broker.config_set("maxmemory", 1)
            yield alert(number)

    try:
        with Publisher(broker_url) as publisher, pytest.raises(BrokerUnavailable) as caught:
            publisher.publish_many(events())
    finally:
        broker.config_set("maxmemory", 0)
    assert caught.value.published == BATCH_EVENTS == broker.llen("dramatiq:events")


def test_a_stalled_broker_is_waited_for(tmp_path: Path, broker_url: str, broker: redis.Redis) -> None:
    pid = int(broker.info("server")["process_id"])  # type: ignore[index]
    with Publisher(broker_url) as publisher:
        publisher.publish(alert(1))
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(1.0, os.kill, (pid, signal.SIGCONT)).start()
        began = time.monotonic()
        publisher.publish(alert(2))
    assert time.monotonic() - began > 0.5
    assert broker.llen("dramatiq:events") == 2


def test_the_event_classes_work_where_redis_is_not_installed(examples: Path) -> None:
    program = f"""
import sys
class NoRedis:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("redis", "dramatiq", "profiles", "worker"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, NoRedis())
from consumers.contract import Publisher, read_events
print([event.id for _, event in read_events(open({str(examples / "alert.json")!r}, "rb"))])
try:
    Publisher("redis://localhost")
except ModuleNotFoundError as error:
    print(error.name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["['queue-age-checkout-api/2026-11-20T06:41:00Z']", "redis"]


def test_thousands_of_events_a_second_are_published(
    broker_url: str, examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, least in (("alert", 2000), ("run-finished", 1000)):
        event = read_event(json.loads((examples / f"{name}.json").read_text(encoding="utf-8")))
        events = [event.model_copy(update={"id": str(number)}) for number in range(4000)]
        with Publisher(broker_url) as publisher:
            began = time.process_time()  # other tests may have the processor too
            publisher.publish_many(events)
            rate = len(events) / (time.process_time() - began)
        with capsys.disabled():
            print(f"\npublish_many, {len(event.to_json_text())} bytes each: {rate:,.0f} events per second of CPU")
        assert rate > least
