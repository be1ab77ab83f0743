"""Who may command what. Each rule is a line of a table."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.inbound.authority import MAX_MUTE_FOR_OTHERS, Grant, Refusal, Rules, decide
from consumers.inbound.reading.authentication_results import Dmarc
from consumers.inbound.reading.commands import MAX_MUTE, Command, CommandName
from consumers.inbound.reading.sender import NOBODY, Sender
from profiles.addresses import read_address

NOW = 1_700_000_000_000
LIST = "team@example.com"
RULES = Rules(actors=("lead@example.org", "example.net"), allow_rerun=True, timezone="Europe/Berlin")


def sender(address: str) -> Sender:
    return Sender(read_address(address), None)


def plain(name: CommandName) -> Command:
    return Command(name, mute_for=timedelta(hours=2) if name is CommandName.MUTE else None)


def until(wall_time: str) -> Command:
    return Command(CommandName.MUTE, mute_until=datetime.fromisoformat(wall_time))


def decided(command: Command, from_: str, dmarc: Dmarc = Dmarc.NO_RESULT, rules: Rules = RULES) -> Grant | Refusal:
    return decide(command, sender=sender(from_), recipient_key=LIST, rules=rules, dmarc=dmarc, now=NOW)


ACK, MUTE, STOP, RERUN = (
    plain(each) for each in (CommandName.ACK, CommandName.MUTE, CommandName.STOP, CommandName.RERUN)
)


@pytest.mark.parametrize(
    ("command", "from_", "dmarc", "expected"),
    [
        # the recipient
        (ACK, "Team@Example.com", Dmarc.NO_RESULT, None),
        (STOP, LIST, Dmarc.NO_RESULT, None),
        (RERUN, LIST, Dmarc.PASS, None),
        (RERUN, LIST, Dmarc.NO_RESULT, Refusal.RERUN_NOT_VERIFIED),
        (RERUN, LIST, Dmarc.OTHER_DOMAIN, Refusal.RERUN_NOT_VERIFIED),
        # an address that the profile names
        (ACK, "lead@example.org", Dmarc.NO_RESULT, None),
        (MUTE, "lead@example.org", Dmarc.NO_RESULT, None),
        (STOP, "lead@example.org", Dmarc.PASS, Refusal.ONLY_FOR_THE_RECIPIENT),
        (plain(CommandName.START), "lead@example.org", Dmarc.PASS, Refusal.ONLY_FOR_THE_RECIPIENT),
        (RERUN, "lead@example.org", Dmarc.PASS, Refusal.ONLY_FOR_THE_RECIPIENT),
        # a domain that the profile names
        (ACK, "anyone@example.net", Dmarc.PASS, None),
        (ACK, "anyone@example.net", Dmarc.NO_RESULT, Refusal.DOMAIN_NOT_VERIFIED),
        (ACK, "anyone@sub.example.net", Dmarc.PASS, Refusal.NOT_THE_RECIPIENT),
        # nobody of ours
        (ACK, "mallory@example.edu", Dmarc.PASS, Refusal.NOT_THE_RECIPIENT),
        (plain(CommandName.HELP), "mallory@example.edu", Dmarc.PASS, Refusal.NOT_THE_RECIPIENT),
    ],
)
def test_who_may_command_what(command: Command, from_: str, dmarc: Dmarc, expected: Refusal | None) -> None:
    found = decided(command, from_, dmarc)
    assert found is expected if expected else isinstance(found, Grant)


def test_without_one_plain_sender_nothing_takes_effect() -> None:
    found = decide(ACK, sender=NOBODY, recipient_key=LIST, rules=RULES, dmarc=Dmarc.PASS, now=NOW)
    assert found is Refusal.NO_SENDER


def test_a_rerun_is_off_until_the_profile_allows_it() -> None:
    assert decided(RERUN, LIST, Dmarc.PASS, Rules()) is Refusal.RERUN_NOT_ENABLED


def test_the_end_of_a_mute_is_wall_time_of_the_profile() -> None:
    found = decided(until("2024-03-01 09:00"), LIST)
    assert isinstance(found, Grant)
    assert found.until == 1_709_280_000_000  # 08:00 UTC


def test_a_mute_that_has_ended_already_is_refused() -> None:
    for moment in ("2020-01-01 00:00", "0001-01-01 00:00", "2023-11-14 22:13"):
        assert decided(until(moment), LIST) is Refusal.MUTE_IN_THE_PAST


def test_a_mute_for_more_than_a_year_is_refused() -> None:
    for moment in ("2025-11-14 22:13", "9999-12-31 23:59"):
        assert decided(until(moment), LIST) is Refusal.MUTE_TOO_LONG


@given(st.integers(1, MAX_MUTE // timedelta(hours=1)))
def test_nobody_mutes_for_others_longer_than_two_days(hours: int) -> None:
    found = decided(Command(CommandName.MUTE, mute_for=timedelta(hours=hours)), "lead@example.org")
    assert (found is Refusal.MUTE_TOO_LONG) == (timedelta(hours=hours) > MAX_MUTE_FOR_OTHERS)


@given(st.sampled_from(CommandName), st.emails(domains=st.just("example.edu")), st.sampled_from(Dmarc))
def test_a_stranger_never_commands_anything(name: CommandName, address: str, dmarc: Dmarc) -> None:
    try:
        stranger = sender(address)
    except ValueError:
        return
    found = decide(plain(name), sender=stranger, recipient_key=LIST, rules=RULES, dmarc=dmarc, now=NOW)
    assert found is Refusal.NOT_THE_RECIPIENT


@given(st.sampled_from(CommandName), st.sampled_from([LIST, "lead@example.org", "a@example.net"]))
def test_without_a_pass_no_run_is_ever_started(name: CommandName, address: str) -> None:
    for dmarc in set(Dmarc) - {Dmarc.PASS}:
        if isinstance(decided(plain(name), address, dmarc), Grant):
            assert name not in (CommandName.RERUN, CommandName.RERUN_FAILED)
