"""read_command: the first line of a new text as a command. The grammar is exact and short.

    command  = "ack" / "mute" duration / "mute until" date time / "unmute" / "rerun" / "rerun failed"
             / "stop" / "start" / "help"
    duration = 1*3DIGIT ("h" / "d")          ; 1 hour to 366 days
    date     = 4DIGIT "-" 2DIGIT "-" 2DIGIT  ; the profile's wall time
    time     = 2DIGIT ":" 2DIGIT

Upper or lower case; blanks around and between words; one full stop or exclamation mark at the end. Nothing else may
stand on the line: `ack, thanks` is a reply to people. Who may command, and whether, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Longest mute: beyond a year people mean `stop`.
MAX_MUTE = timedelta(days=366)

_DURATION = re.compile(r"mute ([0-9]{1,3})([hd])\Z")
_UNTIL = re.compile(r"mute until ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2})\Z")
#: A line that is meant as `mute`, but is not exact; longer ones are sentences.
_NEARLY_MUTE = re.compile(r"mute(?: (?:until )?[^ ]+(?: [^ ]+)?)?\Z")
#: Marks without width, which phones and copying leave in a line.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


class CommandName(StrEnum):
    """What a command asks for."""

    ACK = "ack"
    MUTE = "mute"
    UNMUTE = "unmute"
    RERUN = "rerun"
    RERUN_FAILED = "rerun failed"
    STOP = "stop"
    START = "start"
    HELP = "help"


class CommandFault(StrEnum):
    """Why a line that is meant as a command is none."""

    BAD_DURATION = "bad_duration"
    BAD_DATE = "bad_date"


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was meant. A mute has either `mute_for` or `mute_until`, a wall time in the profile's zone."""

    name: CommandName
    mute_for: timedelta | None = None
    mute_until: datetime | None = None

    def __str__(self) -> str:
        if self.mute_until is not None:
            return f"mute until {self.mute_until:%Y-%m-%d %H:%M}"
        if self.mute_for is not None:
            hours = self.mute_for // timedelta(hours=1)
            return f"mute {hours // 24}d" if hours % 24 == 0 else f"mute {hours}h"
        return self.name.value


_PLAIN = {name.value: Command(name) for name in CommandName if name is not CommandName.MUTE}


def read_command(text: str, aliases: Mapping[str, str] | None = None) -> Command | CommandFault | None:
    """Read the first line of a new text; None when it is no command.

    `aliases` maps words of any language to the words of the grammar, such as `{"stumm bis": "mute until"}`. An alias
    replaces the beginning of a line, the longest one that fits.
    """
    line = _normal(text.lstrip().partition("\n")[0])
    if not line:
        return None
    line = _without_alias(line, aliases or {})
    if line in _PLAIN:
        return _PLAIN[line]
    if not line.startswith("mute"):
        return None
    if found := _DURATION.match(line):
        length = timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1))
        if timedelta() < length <= MAX_MUTE:
            return Command(CommandName.MUTE, mute_for=length)
        return CommandFault.BAD_DURATION
    if found := _UNTIL.match(line):
        try:
            return Command(CommandName.MUTE, mute_until=datetime.fromisoformat(found[1]))
        except ValueError:
            return CommandFault.BAD_DATE
    if _NEARLY_MUTE.match(line):
        return CommandFault.BAD_DATE if line.startswith("mute until") else CommandFault.BAD_DURATION
    return None


def _normal(line: str) -> str:
    """Return a line in the one form that is compared."""
    line = " ".join(_INVISIBLE.sub("", line).split())
    if line.endswith((".", "!")):
        line = line[:-1].rstrip()
    return line.casefold()


def _without_alias(line: str, aliases: Mapping[str, str]) -> str:
    fitting = [
        (folded, words)
        for alias, words in aliases.items()
        if (folded := " ".join(alias.casefold().split())) and (line == folded or line.startswith(folded + " "))
    ]
    if not fitting:
        return line
    folded, words = max(fitting, key=lambda pair: len(pair[0]))
    return " ".join(words.casefold().split()) + line[len(folded) :]
