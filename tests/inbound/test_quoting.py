"""Quoting never yields a command: what a mail commands is what its new text alone would command."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.commands import Command, CommandName, read_command
from consumers.inbound.reading.outcome import Outcome
from consumers.inbound.reading.read_mail import understand
from tests.inbound.quoting import CLIENTS, alone, alone_in_html

COMMANDS = ["ack", "stop", "rerun failed", "mute 2h", "unmute", "help", "mute until 2026-12-01 09:00"]
#: Lines of texts: commands, and what people and our mails write, with all that looks like quoting.
LINES = st.sampled_from(
    [
        *COMMANDS, "Thanks!", "I look at it.", "", "Ann", "It failed at 10:00:", "see http://example.com/a", "-- ",
        "Hello,", "  indented", "done: all", "3 of 214 failed", "Sent from my iPhone", "<b>bold</b> & co", "a > b",
    ]
) | st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=">"), max_size=20)  # fmt: skip
TEXTS = st.lists(LINES, max_size=6).map("\n".join)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@settings(deadline=None, max_examples=60)
@given(new=TEXTS, old=TEXTS)
def test_a_quote_in_any_style_changes_no_command(client: Callable[[str, str], bytes], new: str, old: str) -> None:
    plain = understand((alone_in_html if "html" in client.__name__ else alone)(new, ""))

    quoted = understand(client(new, old))

    assert quoted.command == plain.command
    assert (quoted.outcome is Outcome.COMMAND) == (plain.outcome is Outcome.COMMAND)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_above_or_below_a_quote_is_found(client: Callable[[str, str], bytes], command: str) -> None:
    found = understand(client(command, "3 of 214 failed\n\nstop"))

    assert found.command == read_command(command)
    assert found.text == command


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_our_own_footer_quoted_back_is_no_command(client: Callable[[str, str], bytes]) -> None:
    found = understand(client("", "ack\nmute 2h\nstop"))

    assert (found.outcome, found.command, found.text) == (Outcome.REPLY, None, "")


def test_the_text_of_a_command_is_kept_for_people() -> None:
    found = understand(alone("ack\n\nAnn is on it.", ""))

    assert found.command == Command(CommandName.ACK)
    assert found.text == "ack\n\nAnn is on it."
