"""Connections go only to addresses that were checked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from profiles.errors import TransientMailError
from profiles.reach import BY_SYSTEM, Reach, forbidden, is_loopback
from profiles.verbs import Verb

REFUSED = {
    "169.254.169.254": "address_is_link_local",
    "169.254.0.1": "address_is_link_local",
    "fe80::1": "address_is_link_local",
    "fe80::1%eth0": "address_is_link_local",
    "::ffff:169.254.169.254": "address_is_link_local",
    "64:ff9b::a9fe:a9fe": "address_is_link_local",
    "2002:a9fe:a9fe::1": "address_is_link_local",
    "::169.254.169.254": "address_is_link_local",
    "100.100.100.200": "address_is_cloud_metadata",
    "168.63.129.16": "address_is_cloud_metadata",
    "192.0.0.192": "address_is_cloud_metadata",
    "fd00:ec2::254": "address_is_cloud_metadata",
    "::ffff:100.100.100.200": "address_is_cloud_metadata",
    "0.0.0.0": "address_is_unspecified",
    "0.1.2.3": "address_is_unspecified",
    "::": "address_is_unspecified",
    "::ffff:0.0.0.0": "address_is_unspecified",
    "224.0.0.1": "address_is_multicast",
    "255.255.255.255": "address_is_multicast",
    "ff02::1": "address_is_multicast",
    "::ffff:224.0.0.1": "address_is_multicast",
}
ALLOWED = [
    "127.0.0.1",
    "::1",
    "10.0.0.5",
    "192.168.1.2",
    "172.16.0.1",
    "fd12::1",
    "93.184.216.34",
    "2606:2800::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_no_mail_server_has_are_refused_by_name(address: str) -> None:
    assert forbidden(address) == REFUSED[address]


@pytest.mark.parametrize("address", ALLOWED)
def test_public_private_and_loopback_relays_are_allowed(address: str) -> None:
    assert forbidden(address) is None


@pytest.mark.parametrize(
    ("address", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False)],
)
def test_loopback_is_told_from_elsewhere(address: str, own: bool) -> None:
    assert is_loopback(address) == own


def test_a_name_that_means_a_refused_address_is_refused() -> None:
    with pytest.raises(TransientMailError) as caught:
        Reach(lambda host, port: ["169.254.169.254"]).resolve("mail.example.com", 25)
    assert (caught.value.reason, caught.value.verb) == ("address_is_link_local", Verb.RESOLVE)


def test_of_several_addresses_the_allowed_ones_remain() -> None:
    reach = Reach(lambda host, port: ["0.0.0.0", "10.0.0.5", "ff02::1", "::1"])
    assert reach.resolve("mail.example.com", 25) == ("10.0.0.5", "::1")


@pytest.mark.parametrize("host", ["does-not-exist.invalid", "x" * 70 + ".example"])
def test_a_name_without_an_address_is_named(host: str) -> None:
    with pytest.raises(TransientMailError) as caught:
        Reach().resolve(host, 25)
    assert caught.value.reason in ("name_not_found", "name_server_failed")


def test_other_spellings_of_an_address_are_checked_as_what_they_mean() -> None:
    with pytest.raises(TransientMailError) as caught:
        Reach().resolve("0xa9fea9fe", 25)
    assert caught.value.reason == "address_is_link_local"


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of this machine at which someone listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_name_is_resolved_once_and_its_checked_address_connected_to(listening: int) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    reach = Reach(rebinding)
    reached = reach.connect(reach.resolve("mail.example.com", listening), listening, 2)
    assert (reached.address, reached.socket.getpeername()) == ("127.0.0.1", ("127.0.0.1", listening))
    reached.socket.close()
    assert asked == ["mail.example.com"]


def test_the_next_address_is_tried_when_one_does_not_answer(listening: int) -> None:
    async def work() -> str:
        reached = await Reach().connect_async(("127.0.0.9", "127.0.0.1"), listening, 4)
        reached.socket.close()
        return reached.address

    assert asyncio.run(work()) == "127.0.0.1"
    reached = Reach().connect(("127.0.0.9", "127.0.0.1"), listening, 4)
    reached.socket.close()
    assert reached.address == "127.0.0.1"


def test_a_port_where_nobody_listens_is_named(silent_port: int) -> None:
    with pytest.raises(TransientMailError) as caught:
        Reach().connect(("127.0.0.1",), silent_port, 2)
    assert (caught.value.reason, caught.value.verb) == ("connection_refused", Verb.CONNECT)
    with pytest.raises(TransientMailError) as caught:
        asyncio.run(Reach().connect_async(("127.0.0.1",), silent_port, 2))
    assert caught.value.reason == "connection_refused"


def test_a_slow_name_server_is_not_waited_for_beyond_the_deadline() -> None:
    async def work() -> None:
        answered = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(host: str, port: int) -> list[str]:
            asyncio.run_coroutine_threadsafe(answered.wait(), loop).result(10)
            return ["127.0.0.1"]

        with pytest.raises(TransientMailError) as caught:
            await Reach(slow).resolve_async("mail.example.com", 25, 0.1)
        assert (caught.value.reason, caught.value.verb) == ("timed_out", Verb.RESOLVE)
        answered.set()

    asyncio.run(work())


def test_only_the_ports_given_are_reached_and_no_name_server_is_asked_for_another() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    reach = Reach(resolver=resolver, ports=frozenset({25, 465}))
    assert reach.resolve("mail.example.com", 465) == ("127.0.0.1",)
    with pytest.raises(TransientMailError) as refused:
        reach.resolve("admin.internal", 6379)
    assert refused.value.reason == "port_not_allowed"
    assert asked == ["mail.example.com"]


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "::ffff:a9fe:a9fe"]
)
def test_other_ways_to_write_a_forbidden_address_do_not_slip_past(host: str) -> None:
    with pytest.raises(TransientMailError) as refused:
        BY_SYSTEM.resolve(host, 25)
    assert refused.value.reason in ("address_is_link_local", "address_is_cloud_metadata", "name_not_found")


def test_a_connection_says_that_it_is_one_of_tcp_so_that_a_final_dot_is_not_held_back(listening: int) -> None:
    reached = asyncio.run(Reach().connect_async(("127.0.0.1",), listening, 2))
    with reached.socket:
        assert reached.socket.proto == socket.IPPROTO_TCP
