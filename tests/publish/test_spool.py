"""The spool: events are kept in a folder while no broker answers, and sent by the next publisher that finds one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from consumers.contract import Alert, BrokerUnavailable, Publisher, Spool, SpoolUnusable, read_event
from consumers.contract.batches import BATCH_EVENTS
from tests.publish.test_publish_files import published, runmail

pytestmark = pytest.mark.real("redis")

NOW = datetime(2026, 11, 20, 6, 41, 2, tzinfo=UTC)


def alert(number: int, **data: Any) -> Alert:
    facts = {"profile": "QA alerts", "key": "disk", "title": f"Disk {number}", **data}
    return Alert.model_validate({"id": str(number), "source": "tests", "data": facts})


def ids(broker: redis.Redis) -> list[str]:
    return [event["id"] for event in published(broker)]


@pytest.fixture
def away() -> Iterator[str]:
    """The URL of a broker that is not there; nobody else can take its port."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{closed.getsockname()[1]}/0"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_events_are_kept_while_the_broker_is_away_and_sent_first_by_the_next_publisher(
    away: str, broker_url: str, broker: redis.Redis, spool: Path
) -> None:
    with Publisher(away, spool=spool) as publisher:
        assert publisher.publish_many([alert(1), alert(2)]) == ["1", "2"]
        assert publisher.publish(alert(3)) == "3"
        assert publisher.spool is not None
        assert (publisher.spool.kept, str(publisher.away)[:16]) == (3, "no broker answer")
    with Publisher(broker_url, spool=spool) as publisher:
        publisher.publish(alert(4))
        assert publisher.spool is not None
        assert (publisher.spool.sent, publisher.spool.kept, publisher.away) == (3, 0, None)
    assert ids(broker) == ["1", "2", "3", "4"]
    assert Spool(spool).waiting() == []


def test_a_kept_event_is_a_private_file_of_cloudevents_json_without_credentials(away: str, spool: Path) -> None:
    secret = "".join(reversed("321terces"))
    with Publisher(away, spool=spool) as publisher:
        publisher.publish(alert(1, description=f"API_TOKEN={secret}"))
    (path,) = Spool(spool).waiting()
    assert (spool.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    event = read_event(json.loads(path.read_text(encoding="utf-8")))
    assert (event.id, event.data.masked) == ("1", 1)
    assert secret not in path.read_text(encoding="utf-8")


def test_what_was_kept_unmasked_is_sent_unmasked(away: str, broker_url: str, broker: redis.Redis, spool: Path) -> None:
    said = "API_TOKEN=" + "".join(reversed("321terces"))
    with Publisher(away, spool=spool, mask=False) as publisher:
        publisher.publish(alert(1, description=said))
    with Publisher(broker_url, spool=spool) as publisher:
        publisher.publish_spooled()
    assert published(broker)[0]["data"]["description"] == said


def test_files_are_named_by_time_and_identity_and_keep_their_order(spool: Path) -> None:
    kept = Spool(spool, clock=lambda: NOW)
    kept.keep([alert(n) for n in range(12)])
    names = [path.name for path in kept.waiting()]
    assert names[0].startswith("20261120T064102.000000Z-")
    assert [json.loads(path.read_text())["id"] for path in kept.waiting()] == [str(n) for n in range(12)]
    Spool(spool, clock=lambda: NOW).keep([alert(0)])
    assert len(kept.waiting()) == 12  # the same event at the same time is the same file


def test_more_than_a_batch_is_sent_in_order(broker_url: str, broker: redis.Redis, spool: Path) -> None:
    number = BATCH_EVENTS + 20
    Spool(spool).keep([alert(n) for n in range(number)])
    with Publisher(broker_url, spool=spool) as publisher:
        publisher.publish_spooled()
    assert ids(broker) == [str(n) for n in range(number)]


def test_a_broker_lost_on_the_way_keeps_what_it_did_not_take(broker_url: str, broker: redis.Redis, spool: Path) -> None:
    def events() -> Iterator[Alert]:
        for number in range(2 * BATCH_EVENTS + 10):
            if number == BATCH_EVENTS + 5:  # the first batch has been sent
                broker.config_set("maxmemory", 1)
            yield alert(number)

    try:
        with Publisher(broker_url, spool=spool) as publisher:
            publisher.publish_many(events())
            assert "is out of memory" in str(publisher.away)
    finally:
        broker.config_set("maxmemory", 0)
    assert len(Spool(spool).waiting()) == BATCH_EVENTS + 10
    with Publisher(broker_url, spool=spool) as publisher:
        assert publisher.publish_spooled() is None
    assert ids(broker) == [str(n) for n in range(2 * BATCH_EVENTS + 10)]


def test_what_is_no_event_is_set_aside_with_its_name_and_costs_nobody_else(
    broker_url: str, broker: redis.Redis, spool: Path
) -> None:
    Spool(spool).keep([alert(1), alert(2)])
    first, _ = Spool(spool).waiting()
    first.write_text('{"specversion": "1.0"')
    os.mkfifo(spool / "0-pipe.json")
    (spool / "1-link.json").symlink_to(first)
    (spool / "2-large.json").write_bytes(b" " * 4_100_000)
    (spool / "3-folder.json").mkdir()
    (spool / "notes.txt").write_text("not ours")
    with Publisher(broker_url, spool=spool) as publisher:
        publisher.publish(alert(3))
        assert publisher.spool is not None
        names = {path.name for path, _ in publisher.spool.set_aside}
    assert names == {"0-pipe.json", "1-link.json", "2-large.json", "3-folder.json", first.name}
    assert ids(broker) == ["2", "3"]
    assert sorted(path.name for path in spool.iterdir() if path.suffix == ".refused") == sorted(
        f"{name}.refused" for name in names
    )
    assert (spool / "notes.txt").exists()


def test_a_full_folder_says_so_and_keeps_what_it_has(away: str, tmp_path: Path) -> None:
    for number, limits in enumerate(({"max_files": 2}, {"max_bytes": 700})):
        full = Spool(tmp_path / str(number), **limits)
        with Publisher(away, spool=full) as publisher, pytest.raises(SpoolUnusable, match="is full") as caught:
            publisher.publish_many([alert(n) for n in range(4)])
        assert caught.value.reason == "full"
        assert len(full.waiting()) == full.kept == 2


def test_a_folder_that_cannot_be_written_says_so(away: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Publisher(away, spool=tmp_path / "file") as publisher, pytest.raises(SpoolUnusable) as caught:
        publisher.publish(alert(1))
    assert caught.value.reason == "unusable"


def test_a_folder_that_is_none_stops_no_event(broker_url: str, broker: redis.Redis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Publisher(broker_url, spool=tmp_path / "file") as publisher, pytest.raises(SpoolUnusable, match="cannot be"):
        publisher.publish(alert(1))
    assert ids(broker) == ["1"]


def test_two_publishers_at_once_send_each_file_once(broker_url: str, broker: redis.Redis, spool: Path) -> None:
    Spool(spool).keep([alert(n) for n in range(60)])
    together = threading.Barrier(4)

    def send() -> None:
        with Publisher(broker_url, spool=spool) as publisher:
            together.wait(30)
            publisher.publish_spooled()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ids(broker), key=int) == [str(n) for n in range(60)]


def test_a_publisher_killed_while_sending_leaves_the_files_to_the_next(
    broker_url: str, broker: redis.Redis, spool: Path
) -> None:
    Spool(spool).keep([alert(n) for n in range(5)])
    program = f"""
import os, signal
from datetime import UTC, datetime
from consumers.contract import Spool
sending = Spool({str(spool)!r}).sending(lambda: datetime.now(UTC), lambda: "m")
next(sending)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with Publisher(broker_url, spool=spool) as publisher:
        publisher.publish_spooled()
    assert ids(broker) == ["0", "1", "2", "3", "4"]


def test_the_command_keeps_an_event_with_a_warning_and_the_next_one_sends_it_first(
    away: str, broker_url: str, broker: redis.Redis, spool: Path, tmp_path: Path
) -> None:
    first = ("publish", "alert", "--profile", "p", "--key", "k", "--title", "first", "--id", "1")
    done = runmail(*first, "--spool", "spool", home=tmp_path, RUNMAIL_BROKER_URL=away)
    assert (done.code, done.out) == (0, "kept 1 event: runmail.alert 1\n")
    place = away.removeprefix("redis://").removesuffix("/0")
    assert done.err == (
        f"runmail: no broker answers at {place}; kept in spool: the next publish with this --spool sends it\n"
    )
    second = ("publish", "alert", "--profile", "p", "--key", "k", "--title", "second", "--id", "2")
    done = runmail(*second, "--json", home=tmp_path, RUNMAIL_SPOOL="spool")  # no broker at all
    assert done.code == 0
    assert "no broker: start `runmail up` or set RUNMAIL_BROKER_URL; kept in spool" in done.err
    document = json.loads(done.out)
    assert (document["published"], [each["id"] for each in document["kept"]]) == ([], ["2"])
    third = ("publish", "alert", "--profile", "p", "--key", "k", "--title", "third", "--id", "3")
    done = runmail(*third, "--spool", "spool", home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert (done.code, done.out) == (0, "published 1 event: runmail.alert 3\n")
    assert done.err == "runmail: sent first what waited in spool: 2 events\n"
    assert ids(broker) == ["1", "2", "3"]


def test_the_command_for_the_spool_alone_sends_lists_and_sets_aside(
    away: str, broker_url: str, broker: redis.Redis, spool: Path, tmp_path: Path
) -> None:
    assert runmail("publish", "spool", home=tmp_path).code == 2
    Spool(spool).keep([alert(1), alert(2)])
    listed = runmail("publish", "spool", "spool", "--list", home=tmp_path)
    assert [line.startswith("spool/20") for line in listed.out.splitlines()] == [True, True]
    failed = runmail("publish", "spool", "spool", home=tmp_path, RUNMAIL_BROKER_URL=away)
    assert (failed.code, failed.err) == (1, "runmail: no broker: start `runmail up` or set RUNMAIL_BROKER_URL\n")
    (spool / "9.json").write_text("[]")
    done = runmail("publish", "spool", "--json", home=tmp_path, RUNMAIL_BROKER_URL=broker_url, RUNMAIL_SPOOL="spool")
    assert done.code == 1
    assert done.err == "runmail: spool/9.json: an event is a JSON object; set aside\n"
    document = json.loads(done.out)
    assert (document["published"], document["waiting"], document["set_aside"][0]["file"]) == (2, 0, "spool/9.json")
    done = runmail("publish", "spool", "spool", home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert (done.code, done.out, done.err) == (0, "0 published, 0 waiting in spool\n", "")


def test_the_command_tells_a_folder_that_cannot_be_used_apart_from_a_broker_that_is_away(
    away: str, broker_url: str, broker: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    publish = ("publish", "alert", "--profile", "p", "--key", "k", "--title", "t", "--id", "1", "--spool", "file")
    done = runmail(*publish, home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert (done.code, done.err) == (1, "runmail: file cannot be read: Not a directory; all was published\n")
    assert ids(broker) == ["1"]
    done = runmail(*publish, home=tmp_path, RUNMAIL_BROKER_URL=away)
    assert done.code == 1
    assert done.err.startswith("runmail: no broker answers at ")
    assert "; and file cannot be written: " in done.err


def test_without_a_spool_an_absent_broker_is_an_error(away: str) -> None:
    with Publisher(away) as publisher, pytest.raises(BrokerUnavailable):
        publisher.publish(alert(1))
