"""Commands: what the first line of a new text may be, and what only looks like it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.commands import Command, CommandFault, CommandName, read_command


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ack", CommandName.ACK),
        ("ACK", CommandName.ACK),
        ("  Ack. ", CommandName.ACK),
        ("ack!", CommandName.ACK),
        ("\u00a0ack\u00a0", CommandName.ACK),  # phones leave no-break blanks
        ("\ufeffack\u200b", CommandName.ACK),  # and marks without width
        ("rerun", CommandName.RERUN),
        ("Rerun  Failed", CommandName.RERUN_FAILED),
        ("unmute", CommandName.UNMUTE),
        ("stop", CommandName.STOP),
        ("start", CommandName.START),
        ("help", CommandName.HELP),
        ("\n\n  stop\nthanks", CommandName.STOP),  # the first line that is not blank
    ],
)
def test_a_line_that_is_a_command(line: str, name: CommandName) -> None:
    assert read_command(line) == Command(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ack, thanks",
        "ack ack",
        "please ack",
        "ack..",
        "ack?",
        "> ack",
        "*ack*",
        "hello\nack",
        "stop it",
        "rerun all",
        "mutex",
        "mute the alerts of the nightly run please",
        "ack" + " " * 200 + "x",
        "a\u0441k",  # a Cyrillic letter
    ],
)
def test_a_line_that_is_no_command(text: str) -> None:
    assert read_command(text) is None


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("mute 2h", Command(CommandName.MUTE, mute_for=timedelta(hours=2))),
        ("Mute 2D.", Command(CommandName.MUTE, mute_for=timedelta(days=2))),
        ("mute 366d", Command(CommandName.MUTE, mute_for=timedelta(days=366))),
        (
            "mute until 2026-12-01 09:00",
            Command(CommandName.MUTE, mute_until=datetime.fromisoformat("2026-12-01 09:00")),
        ),
    ],
)
def test_a_mute_has_a_length_or_an_end(line: str, command: Command) -> None:
    assert read_command(line) == command
    assert read_command(str(command)) == command


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("mute", CommandFault.BAD_DURATION),
        ("mute 0h", CommandFault.BAD_DURATION),
        ("mute 367d", CommandFault.BAD_DURATION),
        ("mute 2 h", CommandFault.BAD_DURATION),
        ("mute 3w", CommandFault.BAD_DURATION),
        ("mute 2h now", CommandFault.BAD_DURATION),
        ("mute ٣h", CommandFault.BAD_DURATION),  # digits of another script
        ("mute until tomorrow", CommandFault.BAD_DATE),
        ("mute until 2026-13-01 09:00", CommandFault.BAD_DATE),
        ("mute until 2026-12-01", CommandFault.BAD_DATE),
    ],
)
def test_a_mute_that_is_not_exact_says_why(line: str, fault: CommandFault) -> None:
    assert read_command(line) is fault


def test_an_alias_stands_for_words_of_the_grammar() -> None:
    german = {"Erledigt": "ack", "stumm": "mute", "stumm bis": "mute until", "ruhe bitte": "stop"}

    assert read_command("erledigt", german) == Command(CommandName.ACK)
    assert read_command("Stumm 2h", german) == Command(CommandName.MUTE, mute_for=timedelta(hours=2))
    assert str(read_command("stumm bis 2026-12-01 09:00", german)) == "mute until 2026-12-01 09:00"
    assert read_command("Ruhe  bitte!", german) == Command(CommandName.STOP)
    assert read_command("ack", german) == Command(CommandName.ACK)
    assert read_command("erledigt, danke", german) is None
    assert read_command("erledigtes", german) is None


@settings(deadline=None)
@given(st.text(max_size=300))
def test_whatever_a_first_line_is_a_command_of_it_is_the_grammar_s(text: str) -> None:
    found = read_command(text)

    if isinstance(found, Command):
        assert read_command(str(found)) == found
