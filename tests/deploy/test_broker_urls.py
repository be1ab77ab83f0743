"""Every form of a broker's address reaches a real server of its kind, and a wrong one is named without its secrets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from dramatiq.errors import ConnectionClosed
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract import AsyncPublisher, BrokerUnavailable, Publisher, read_event
from consumers.contract.broker_url import BrokerUrlWrong, make_client, place_of, read_sentinel_url
from tests.deploy.conftest import Started, wait_until
from tests.deploy.redis_rig import IN_A_URL, PASSWORD, Sentinels, one_server, sentinels
from tests.rig.authority import Authority
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import Spine, run_finished
from worker.broker import QueueBroker
from worker.composition import declare_actors
from worker.redis_client import make_client as make_worker_client

pytestmark = pytest.mark.real("redis")


def publish(url: str, *ids: str) -> None:
    with Publisher(url) as publisher:
        publisher.publish_many([read_event(run_finished(each)) for each in ids])


def refused(url: str) -> str:
    with pytest.raises(BrokerUnavailable) as caught:
        publish(url, "run-1")
    assert "sesame" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    with sentinels(tmp_path_factory.mktemp("sentinels")) as rig:
        yield rig


def test_a_password_is_used_and_a_wrong_one_named_without_it(tmp_path: Path, started: Started) -> None:
    with one_server(tmp_path / "redis", f'requirepass "{PASSWORD}"') as port:
        publish(f"redis://:{IN_A_URL}@127.0.0.1:{port}/0", "run-1")
        wrong = f"redis://:opensesame2@127.0.0.1:{port}/0"
        said = f"the broker at 127.0.0.1:{port} refuses the login: check the user and password in the broker URL"
        assert refused(wrong) == said
        assert refused(f"redis://127.0.0.1:{port}/0") == said
        for command in ("worker", "clock"):
            done = started.run(command, RUNMAIL_BROKER_URL=wrong)
            assert (done.returncode, done.stderr) == (1, f"runmail: {said}\n")


def test_a_refused_login_is_tried_once(tmp_path: Path) -> None:
    """redis-py takes it for a lost connection, and tried it for half a minute."""
    with one_server(tmp_path / "redis", f'requirepass "{PASSWORD}"') as port:
        server = redis.Redis(port=port, password=PASSWORD)

        def connections() -> int:
            return int(server.info("stats")["total_connections_received"])

        for url in (f"redis://127.0.0.1:{port}/0", f"redis://:opensesame2@127.0.0.1:{port}/0"):
            before = connections()
            refused(url)
            with pytest.raises(BrokerUnavailable):
                asyncio.run(publish_async(url))
            assert connections() - before == 2


async def publish_async(url: str) -> None:
    async with AsyncPublisher(url) as publisher:
        await publisher.publish(read_event(run_finished("run-1")))


def test_tls_is_used_and_a_server_that_is_not_trusted_gets_nothing(
    tmp_path: Path, authority: Authority, unknown_authority: Authority
) -> None:
    chain, key = authority.write_server_files()
    options = (f"tls-cert-file {chain}", f"tls-key-file {key}", "tls-auth-clients no", f'requirepass "{PASSWORD}"')
    with one_server(tmp_path / "redis", *options) as port:
        url = f"rediss://:{IN_A_URL}@localhost:{port}/0"
        publish(f"{url}?ssl_ca_certs={authority.ca_file}", "run-1")
        for text in (refused(url), refused(f"{url}?ssl_ca_certs={unknown_authority.ca_file}")):
            assert text == (
                f"the certificate of the broker at localhost:{port} is not trusted: "
                "name its authority with ?ssl_ca_certs=FILE"
            )


def test_a_socket_file_is_used(tmp_path: Path) -> None:
    with one_server(tmp_path / "redis", f"unixsocket {tmp_path}/s") as port:
        publish(f"unix://{tmp_path}/s?db=2", "run-1")
        assert redis.Redis(port=port, db=2).llen("dramatiq:events") == 1


def test_sentinels_are_asked_where_the_master_is(watched: Sentinels) -> None:
    publish(watched.url, "run-1")

    assert watched.client(watched.master()).llen("dramatiq:events") == 1
    watched.client(watched.master()).flushdb()


def test_sentinels_may_speak_tls_too(tmp_path: Path, authority: Authority, unknown_authority: Authority) -> None:
    with sentinels(tmp_path / "rig", authority) as rig:
        publish(rig.url, "run-1")
        assert rig.client(rig.master()).llen("dramatiq:events") == 1
        client = make_client(
            rig.url.replace(str(authority.ca_file), str(unknown_authority.ca_file)), connect_seconds=2, answer_seconds=2
        )
        client.connection_pool.connection_kwargs["retry"] = None
        with pytest.raises(redis.ConnectionError):
            client.ping()


def test_a_wrong_password_behind_sentinels_is_named_at_once(watched: Sentinels) -> None:
    began = time.monotonic()
    assert "mymaster (sentinels " in refused(watched.url.replace(IN_A_URL, "opensesame2"))
    assert time.monotonic() - began < 5
    assert "refuses the login" in refused(watched.url.replace(IN_A_URL, "opensesame2"))


def test_a_killed_master_stops_neither_publishing_nor_work(
    tmp_path: Path, smtp_server: FaultySmtpServer, spine: Spine
) -> None:
    with sentinels(tmp_path / "rig") as rig:
        spine.broker_url = rig.url
        spine.profile()
        spine.start("worker", "--processes", "2")
        spine.start("clock")
        publish(rig.url, *(f"before-{number}" for number in range(50)))
        smtp_server.wait_for(10, seconds=60)
        # Replication is asynchronous: what the master took right before its death may be lost, so wait for it.
        with rig.client(rig.master()) as client:
            wait_until(lambda: client.wait(1, 1000) == 1)
        with Publisher(rig.url) as publisher:
            publisher.publish(read_event(run_finished("open")))
            with rig.client(rig.master()) as client:
                wait_until(lambda: client.wait(1, 1000) == 1)
            rig.kill_master()
            # Published while there is no master, and on a connection that died: the publisher waits.
            publisher.publish_many([read_event(run_finished(f"after-{number}")) for number in range(50)])

        spine.settled(sent=101)
        ids = [mail.message.split(b"X-Runmail-Event: ")[1].split(b"\r\n")[0] for mail in smtp_server.transactions]
        assert len(ids) == len(set(ids)) == 101
        wait_until(lambda: rig.client(rig.master()).hlen("dramatiq:events.msgs") == 0)
        spine.balanced()
        assert PASSWORD not in spine.logs()
        assert IN_A_URL not in spine.logs()


def test_a_server_that_cannot_write_now_is_taken_for_away_and_not_for_broken(tmp_path: Path) -> None:
    with one_server(tmp_path / "redis") as port:
        url = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis(port=port)
        broker = QueueBroker(make_worker_client(url))
        declare_actors(broker)
        publish(url, "run-1")
        consumer = broker.consume("events", prefetch=1, timeout=100)
        message = next(consumer)
        assert message is not None

        client.config_set("min-replicas-to-write", 1)
        assert "refuses to write (NOREPLICAS)" in refused(url)
        # dramatiq tries an ack again for this error only; any other leaves the message un-acked for ever.
        with pytest.raises(ConnectionClosed):
            consumer.ack(message)
        client.config_set("min-replicas-to-write", 0)
        consumer.ack(message)

        assert client.hlen("dramatiq:events.msgs") == 0
        broker.client.close()


def test_when_no_sentinel_answers_it_says_so_in_time(started: Started) -> None:
    client = make_client("redis+sentinel://127.0.0.1:1,127.0.0.1:2/main", connect_seconds=1, answer_seconds=1)
    assert place_of(client) == "main (sentinels 127.0.0.1:1,127.0.0.1:2)"
    client.connection_pool.connection_kwargs["retry"] = None
    with pytest.raises(redis.ConnectionError):
        client.ping()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis+sentinel://:sesame@h:1", "does not name the sentinels' master"),
        ("redis+sentinel://:sesame@h:1/m/x", "database in the broker URL is no number"),
        ("redis+sentinel://:sesame@h:1/m/0/9", "does not name the sentinels' master"),
        ("redis+sentinel://:sesame@h:port/m", "a sentinel in the broker URL is no HOST:PORT"),
        ("redis+sentinel://:sesame@,/m", "a sentinel in the broker URL is no HOST:PORT"),
        ("redis+sentinel://:sesame@h/m?pass=sesame", "has an option that is none"),
        ("redis+sentinel://:sesame@[::1/m", "cannot be read"),
        ("sentinel://:sesame@h/m", "none that Redis knows"),
        ("redis://:sesame@h:1/0?socket_timeout=sesame", "none that Redis knows"),
        ("redis://:sesame@h:1/0?nonsense=sesame", "none that Redis knows"),
    ],
)
def test_an_address_that_is_none_is_named_without_its_password(url: str, said: str, started: Started) -> None:
    with pytest.raises(BrokerUrlWrong, match=said) as caught:
        make_client(url, connect_seconds=1, answer_seconds=1).ping()
    assert "sesame" not in str(caught.value)


names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=10)


@given(
    hosts=st.lists(st.tuples(names, st.integers(1, 65535)), min_size=1, max_size=4),
    master=names,
    database=st.integers(0, 99),
    tls=st.booleans(),
)
def test_every_part_of_an_address_with_sentinels_is_read(
    hosts: list[tuple[str, int]], master: str, database: int, tls: bool
) -> None:
    text = ",".join(f"{host}:{port}" for host, port in hosts)
    url = f"redis{'s' * tls}+sentinel://user:{IN_A_URL}@{text}/{master}/{database}?sentinel_password=x"

    found = read_sentinel_url(url)

    assert found.sentinels == tuple((host.lower(), port) for host, port in hosts)
    assert (found.master, found.database, found.tls) == (master, database, tls)
    assert (found.username, found.password) == ("user", PASSWORD)
    assert PASSWORD not in repr(found)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_of_addresses(text: str) -> None:
    with suppress(BrokerUrlWrong):
        read_sentinel_url(f"redis+sentinel://{text}")
