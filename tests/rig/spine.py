"""The spine on real parts: Redis, a database, a worker in this process or in its own, an SMTP server that records."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from dramatiq.worker import Worker

from consumers.contract import Publisher, read_event
from consumers.ledger.books import read_books
from consumers.views.deliveries import DeliveryFilter, list_deliveries
from consumers.views.events import EventFilter, list_events
from profiles.profile import Profile, Security, SmtpSettings
from tests.rig.forked import Forked, run_command, start_command
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.waiting import wait_until
from worker.broker import QueueBroker
from worker.clock import Clock
from worker.composition import WorkerParts, declare_actors
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.redis_client import make_client
from worker.settings import Settings


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of this test process."""
    server = shutil.which("redis-server")
    if server is None:
        from worker.embedded_redis import EmbeddedRedis

        embedded = EmbeddedRedis(tmp_path_factory.mktemp("broker"))
        yield embedded.start().url
        embedded.stop()
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--databases", "512"],
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port)
    wait_until(lambda: _answers(client))
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@dataclass
class Spine:
    """Everything a test of the whole path needs."""

    settings: Settings
    ground: Ground
    broker_url: str
    home: Path
    server: FaultySmtpServer
    stack: list[Callable[[], None]] = field(default_factory=list)

    def profile(self, **changes: Any) -> Profile:
        """Keep a profile that sends through the test's server."""
        smtp = SmtpSettings(self.server.host, self.server.port, Security.NONE)
        draft = Profile(id=0, name="QA alerts", from_address="qa@example.com", smtp=smtp)
        return self.ground.profiles.add(replace(draft, **changes))

    def publish(self, *published: dict[str, Any]) -> None:
        with Publisher(self.broker_url) as publisher:
            publisher.publish_many([read_event(each) for each in published])

    def push(self, redis_id: str, body: bytes, queue: str = "events") -> None:
        """Put bytes on a queue as any program could."""
        client = redis.Redis.from_url(self.broker_url)
        client.hset(f"dramatiq:{queue}.msgs", redis_id, body)
        client.rpush(f"dramatiq:{queue}", redis_id)

    def work(self, threads: int = 4) -> WorkerParts:
        """Start a worker in this process; it is stopped at the end of the test."""
        parts = WorkerParts(self.ground, self.broker_url)
        parts.start()
        worker = Worker(parts.bells.broker, worker_timeout=100, worker_threads=threads)
        worker.start()

        def stop() -> None:
            worker.stop()
            parts.stop(10)

        self.stack.append(stop)
        return parts

    def clock(self) -> Clock:
        """Make a clock that a test ticks itself."""
        bells = declare_actors(QueueBroker(make_client(self.broker_url)))
        return Clock(self.ground.engine, bells, owner=secrets.token_hex(4), sweep_seconds=0.1)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process of its own."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")},
            "RUNMAIL_HOME": str(self.home),
            "RUNMAIL_BROKER_URL": self.broker_url,
            "RUNMAIL_DATABASE_URL": self.ground.engine.url.render_as_string(hide_password=False),
            "RUNMAIL_LOG_FORMAT": "json",
            **more,
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line to its end."""
        return run_command(arguments, self.environment(**more))

    def start(self, *arguments: str, **more: str) -> Forked:
        """Start a command in a process of its own; killed at the end of the test."""
        log = self.home / f"{arguments[0]}-{secrets.token_hex(3)}.log"
        process = start_command(arguments, self.environment(**more), log)
        self.stack.append(process.kill)
        return process

    def logs(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.home.glob("*.log"))

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        with self.ground.engine.connect() as connection:
            return list_deliveries(connection, DeliveryFilter(**{"limit": 10_000, **wanted}))

    def events(self, **wanted: Any) -> list[dict[str, Any]]:
        with self.ground.engine.connect() as connection:
            return list_events(connection, EventFilter(**{"limit": 10_000, **wanted}))

    def settled(self, **states: int) -> list[dict[str, Any]]:
        """Wait until there are so many deliveries in each state; return all deliveries."""

        def there() -> bool:
            found = [each["state"] for each in self.deliveries()]
            return all(found.count(state) == count for state, count in states.items())

        try:
            wait_until(there)
        except AssertionError:
            raise AssertionError(f"wanted {states}, got {self.deliveries()}, {self.events()}") from None
        return self.deliveries()

    def balanced(self) -> None:
        with self.ground.engine.connect() as connection:
            assert read_books(connection).problems == ()


@pytest.fixture
def spine(
    tmp_path: Path, redis_url: str, smtp_server: FaultySmtpServer, request: pytest.FixtureRequest
) -> Iterator[Spine]:
    """A spine on SQLite, or on the test's fixture `database`; a mark `settings(name=value)` changes settings."""
    number = redis.Redis.from_url(redis_url).incr("databases") % 500 + 1
    broker_url = f"{redis_url}/{number}"
    redis.Redis.from_url(broker_url).flushdb()
    changed = {name: value for mark in request.node.iter_markers("settings") for name, value in mark.kwargs.items()}
    if "database" in request.fixturenames:
        changed["database_url"] = request.getfixturevalue("database")
    settings = Settings(home=tmp_path, **changed)
    ground = lay_ground(settings)
    migrate(ground.engine)
    built = Spine(settings, ground, broker_url, tmp_path, smtp_server)
    yield built
    for stop in reversed(built.stack):
        stop()
    ground.engine.dispose()


def run_finished(event_id: str = "run-1", *recipients: str, **more: Any) -> dict[str, Any]:
    """Return a finished run as it is published."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "ci.example.com/checkout-api",
        "type": "runmail.run.finished",
        "data": {
            "profile": "QA alerts",
            "recipients": list(recipients or ("team@example.com",)),
            "suite": "checkout-api",
            "branch": "main",
            "outcome": "failed",
            "counts": {"total": 214, "passed": 205, "failed": 3, "skipped": 6},
            **more,
        },
    }


def queue_message(event: Any, **more: Any) -> bytes:
    """Return a queue message as dramatiq writes it."""
    return json.dumps(
        {
            "queue_name": "events",
            "actor_name": "accept",
            "args": [event],
            "kwargs": {},
            "options": {},
            "message_id": secrets.token_hex(8),
            "message_timestamp": 1_700_000_000_000,
            **more,
        }
    ).encode()
