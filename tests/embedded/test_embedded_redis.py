"""The embedded Redis on real servers, with parents that are really killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.embedded.conftest import servers_in
from tests.rig.waiting import wait_until
from worker.broker_file import Broker, write_broker_file
from worker.embedded_redis import BrokerUnusable, EmbeddedRedis, read_broker
from worker.redis_servers import RedisServer, find_servers

Begin = Callable[..., subprocess.Popen[str]]


@contextlib.contextmanager
def running(home: Path, **options: object) -> Iterator[tuple[Broker, redis.Redis]]:
    embedded = EmbeddedRedis(home, **{"patience": 15.0, **options})  # type: ignore[arg-type]
    broker = embedded.start()
    client = redis.Redis.from_url(broker.url)
    try:
        yield broker, client
    finally:
        client.close()
        embedded.stop()


def test_it_listens_on_loopback_keeps_everything_and_evicts_nothing(home: Path) -> None:
    with running(home) as (broker, client):
        assert client.config_get("bind", "appendonly", "appendfsync", "maxmemory-policy", "save") == {
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
        }
        assert client.info("server")["process_id"] == broker.pid
        assert not broker.taken_over


def test_the_password_is_asked_for_and_seen_nowhere(home: Path) -> None:
    with running(home) as (broker, client):
        password = client.connection_pool.connection_kwargs["password"]
        without = broker.url.replace(f":{password}@", "")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(without).ping()
        for process in servers_in(home):
            assert password not in " ".join(process.cmdline())
            assert password not in str(process.environ())
        assert password not in repr(broker)
        assert password not in (home / "redis" / "redis.log").read_text()
        assert [path.name for path in (home / "redis").iterdir() if _contains(path, password)] == []


def _contains(path: Path, text: str) -> bool:
    return path.is_file() and text.encode() in path.read_bytes()


def test_its_files_are_private(home: Path) -> None:
    with running(home):
        assert (home / "broker.json").stat().st_mode & 0o777 == 0o600
        assert (home / "redis").stat().st_mode & 0o777 == 0o700


def test_other_commands_find_it_while_it_runs_and_no_longer(home: Path) -> None:
    assert read_broker(home) is None
    with running(home) as (broker, _):
        assert read_broker(home) == broker.url
    assert read_broker(home) is None
    assert not (home / "broker.json").exists()
    assert servers_in(home) == []


def test_what_is_queued_outlives_a_stop(home: Path) -> None:
    with running(home) as (_, client):
        client.rpush("queue", "an event")
    with running(home) as (_, client):
        assert client.lrange("queue", 0, -1) == [b"an event"]


def test_stopping_twice_does_no_harm(home: Path) -> None:
    embedded = EmbeddedRedis(home)
    embedded.stop()
    embedded.start()
    embedded.stop()
    embedded.stop()


def test_the_server_of_a_killed_parent_is_taken_over_and_ended(home: Path, begin_parent: Begin) -> None:
    parent = begin_parent()
    assert parent.stdout is not None
    parent.stdout.readline()
    pid = int(parent.stdout.readline())
    redis.Redis.from_url(read_broker(home) or "").set("kept", 1)
    parent.kill()
    parent.wait()

    with running(home) as (broker, client):
        assert (broker.taken_over, broker.pid) == (True, pid)
        assert client.get("kept") == b"1"
        assert len(servers_in(home)) == 1

    assert servers_in(home) == []
    assert read_broker(home) is None


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02, 0.05])
def test_a_parent_killed_at_any_moment_of_its_start_leaves_nothing_doubled(
    home: Path, begin_parent: Begin, delay: float
) -> None:
    parent = begin_parent()
    assert parent.stdout is not None
    assert parent.stdout.readline() == "starting\n"
    time.sleep(delay)  # not a wait: the moment of the kill is what varies
    parent.kill()
    parent.wait()

    with running(home) as (_, client):
        assert client.ping()
        assert len(servers_in(home)) == 1
    assert servers_in(home) == []


def test_a_parent_killed_before_it_knows_its_server_is_succeeded_all_the_same(
    home: Path, begin_parent: Begin, tmp_path: Path
) -> None:
    deadly = tmp_path / "redis-server"
    deadly.write_text(f'#!/bin/sh\nkill -9 $PPID\nexec {find_servers()[0].program} "$@"\n')
    deadly.chmod(0o755)
    assert begin_parent(str(tmp_path)).wait(15) == -signal.SIGKILL

    with running(home) as (broker, client):
        assert broker.taken_over
        assert client.ping()
        assert len(servers_in(home)) == 1
    assert servers_in(home) == []


def test_a_second_up_in_one_folder_is_refused(home: Path) -> None:
    with running(home) as (_, client):
        with pytest.raises(BrokerUnusable, match="another `runmail up` or `demo` uses"):
            EmbeddedRedis(home).start()
        assert client.ping()


def test_a_frozen_server_is_named_and_not_doubled(home: Path, begin_parent: Begin) -> None:
    parent = begin_parent()
    assert parent.stdout is not None
    parent.stdout.readline()
    pid = int(parent.stdout.readline())
    os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()

    failed = EmbeddedRedis(home, patience=0.5)
    with pytest.raises(BrokerUnusable, match=f"process {pid}.*does not answer"):
        failed.start()

    assert [process.pid for process in servers_in(home)] == [pid]
    os.kill(pid, signal.SIGCONT)
    with running(home) as (broker, _):
        assert broker.pid == pid  # and what failed holds no lock
    failed.stop()


def test_a_dead_server_is_not_looked_for_where_a_stranger_listens_now(home: Path) -> None:
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    calls.append(stranger.accept())

        threading.Thread(target=listen, daemon=True).start()
        write_broker_file(home, Broker(f"redis://:old@127.0.0.1:{stranger.getsockname()[1]}/0", "redis", os.getpid()))

        assert read_broker(home) is None
        with running(home) as (broker, _):
            assert not broker.taken_over
        assert calls == []
        stranger.shutdown(socket.SHUT_RDWR)


def test_a_server_that_was_killed_is_started_anew_with_its_data(home: Path, begin_parent: Begin) -> None:
    parent = begin_parent()
    assert parent.stdout is not None
    parent.stdout.readline()
    pid = int(parent.stdout.readline())
    client = redis.Redis.from_url(read_broker(home) or "")
    client.set("kept", 1)
    os.kill(pid, signal.SIGKILL)
    parent.kill()
    parent.wait()

    with running(home) as (broker, client):
        assert broker.pid != pid
        assert client.get("kept") == b"1"


def test_ctrl_c_in_the_terminal_does_not_reach_it(home: Path) -> None:
    with running(home) as (broker, _):
        assert os.getsid(broker.pid) != os.getsid(0)


def test_a_broken_server_gives_way_to_the_next_one(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    servers = find_servers(path=str(tmp_path))
    assert servers[0].program == str(broken)

    with running(home, servers=servers) as (broker, client):
        assert broker.kind == servers[1].kind
        assert client.ping()


def test_when_no_server_starts_it_says_where_to_look(home: Path) -> None:
    with pytest.raises(BrokerUnusable, match=r"did not start: see .*redis\.log"):
        EmbeddedRedis(home, servers=[RedisServer("nothing", "/bin/false")]).start()
    assert not (home / "broker.json").exists()


def test_an_older_server_does_not_start_empty_beside_newer_data(home: Path, tmp_path: Path) -> None:
    (home / "redis" / "appendonlydir").mkdir(parents=True)
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=6.2.14 sha=0\n")
    old.chmod(0o755)

    with pytest.raises(BrokerUnusable, match="written by a newer Redis"):
        EmbeddedRedis(
            home, servers=[s for s in find_servers(path=str(tmp_path)) if s.program in (None, str(old))]
        ).start()


@pytest.mark.real("redis")
def test_a_server_on_path_is_preferred(home: Path) -> None:
    with running(home) as (broker, _):
        assert broker.kind == "redis-server on PATH"


def test_without_one_on_path_a_packaged_server_serves(home: Path) -> None:
    with running(home, servers=find_servers(path="")) as (broker, client):
        assert "package" in broker.kind
        client.set("kept", 1)
    with running(home, servers=find_servers(path="")) as (_, client):
        assert client.get("kept") == b"1"


def test_a_started_server_is_reaped(home: Path) -> None:
    with running(home) as (broker, _):
        pass
    wait_until(lambda: not Path("/proc", str(broker.pid)).exists())
