"""The three orders of work that one writes first, run on the same rig to see what they lose and repeat.

    send-then-ack        send; the queue message is acked afterwards
    check-send-record    skip what is recorded; send; record
    record-then-send     skip what is recorded; record; send

Each is one process that takes events from a list in Redis, one SMTP transaction at a time, and is killed at moments
of chance. What was taken and not acked is put back at the next start, as a reliable queue does.
"""

from __future__ import annotations

import json
import random
import smtplib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from profiles.profile import Limits
from tests.faults.inputs import alert
from tests.faults.sink import Sink
from tests.faults.system import System
from tests.faults.tally import Tally
from tests.rig.forked import Forked
from tests.rig.redis_server import RedisServer

ORDERS = ("send-then-ack", "check-send-record", "record-then-send")
#: Events of a run, and kills during it: as in the comparison that runmail's order was chosen by.
EVENTS = 250
KILLS = 12
#: Seconds that the sink thinks about a recipient and about the final dot, as real servers do; without it nothing would
#: be in the middle of a mail long enough to be killed there.
THINKING = 0.02
WAITING, TAKEN = "naive:waiting", "naive:taken"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an order came to, in mails; nothing of it is flagged, because nobody knows."""

    order: str
    events: int
    kills: int
    taken: int
    lost: int
    duplicated: int

    def __str__(self) -> str:
        """Return the one line."""
        return (
            f"{self.order}: accepted={self.events} kills={self.kills} taken={self.taken} "
            f"lost={self.lost} duplicated={self.duplicated} unflagged={self.lost + self.duplicated}"
        )


def run(order: str, folder: Path, *, seed: int, events: int = EVENTS, kills: int = KILLS) -> Outcome:
    """Run one order through its kills, let it come to rest, and count."""
    folder.mkdir(parents=True)
    server = RedisServer(folder / "redis")
    server.start()
    sink = Sink(folder / "taken.tsv")
    port = sink.open()
    think(sink)
    client = redis.Redis.from_url(server.url)
    client.rpush(WAITING, *(json.dumps(alert(f"n-{number}")) for number in range(events)))
    arguments = (order, server.url, port, str(folder / "naive.sqlite3"))

    def start() -> Forked:
        return Forked(work, arguments, folder / "naive.log", folder / "naive.log")

    try:
        last = die_and_start(start, sink, events=events, kills=kills, seed=seed)
        while client.llen(WAITING) or client.llen(TAKEN):
            time.sleep(0.05)
        last.kill()
        mails = Counter(line.split("\t")[0] for line in sink.log.read_text().splitlines())
    finally:
        sink.stop()
        server.stop()
    return Outcome(order, events, kills, mails.total(), events - len(mails), mails.total() - len(mails))


def die_and_start(start: Callable[[], Forked], sink: Sink, *, events: int, kills: int, seed: int) -> Forked:
    """Kill a worker `kills` times, spread over the events and each at a moment of chance; return the last one."""
    chance = random.Random(seed)
    for _ in range(kills):
        process = start()
        before = sink.taken()
        while sink.taken() - before < events // (kills + 2) and process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 2 * THINKING))
        process.kill()
    return start()


def run_ours(system: System, *, seed: int, events: int = EVENTS, kills: int = KILLS) -> Tally:
    """Run runmail through the same kills on the same kind of server, one mail at a time."""
    system.profile(limits=Limits(connections=1))
    think(system.sink)
    system.clock()
    system.publish(alert(f"n-{number}") for number in range(events))
    die_and_start(system.worker, system.sink, events=events, kills=kills, seed=seed)
    system.kills = kills
    return system.rest("runmail")


def think(sink: Sink) -> None:
    """Let the server think about a recipient and about the final dot."""
    sink.fault("RCPT", "slow", seconds=THINKING)
    sink.fault("DOT", "slow", seconds=THINKING, taken=True)


def work(order: str, url: str, port: int, database: str) -> None:
    """Be the worker: put back what an earlier one left, then take one event after the other."""
    client = redis.Redis.from_url(url)
    while client.lmove(TAKEN, WAITING, "LEFT", "LEFT"):
        pass
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS sent (id TEXT PRIMARY KEY)")
    steps: dict[str, Callable[[str], None]] = {
        "send-then-ack": lambda event: send(port, event),
        "check-send-record": lambda event: check_send_record(connection, port, event),
        "record-then-send": lambda event: record_then_send(connection, port, event),
    }
    while True:
        body = client.blmove(WAITING, TAKEN, 1, "LEFT", "RIGHT")
        if body:
            steps[order](json.loads(body)["id"])
            client.lrem(TAKEN, 1, body)


def check_send_record(connection: sqlite3.Connection, port: int, event: str) -> None:
    """Skip what is recorded, send, record."""
    if not connection.execute("SELECT 1 FROM sent WHERE id = ?", (event,)).fetchone():
        send(port, event)
        connection.execute("INSERT INTO sent VALUES (?)", (event,))


def record_then_send(connection: sqlite3.Connection, port: int, event: str) -> None:
    """Skip what is recorded, record, send."""
    if connection.execute("INSERT OR IGNORE INTO sent VALUES (?)", (event,)).rowcount:
        send(port, event)


def send(port: int, event: str) -> None:
    """Send one mail in a session of its own."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        message = f"X-Runmail-Event: {event}\r\nSubject: naive\r\n\r\nhello\r\n"
        server.sendmail("qa@example.com", ["team@example.com"], message)
