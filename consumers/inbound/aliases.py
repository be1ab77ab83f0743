"""Aliases: commands in the words of any language, as `erledigt=ack, stumm=mute`. Pure."""

from __future__ import annotations

from consumers.inbound.reading.commands import CommandName

#: Aliases that are read; a team has one or two languages.
MOST = 100


def read_aliases(text: str) -> dict[str, str]:
    """Read pairs `alias=command`, separated by commas, into a table.

    Raises:
        ValueError: naming the pair that is none, or whose command does not exist.
    """
    found: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        alias, equals, command = (" ".join(part.split()).casefold() for part in pair.partition("="))
        if not equals or not alias:
            raise ValueError(f"“{pair}” is no pair such as erledigt=ack")
        if command not in set(CommandName):
            raise ValueError(f"“{command}” is no command; it must be one of {', '.join(CommandName)}")
        if alias in set(CommandName) and alias != command:
            raise ValueError(f"“{alias}” is a command already")
        found[alias] = command
    if len(found) > MOST:
        raise ValueError(f"more than {MOST} aliases")
    return found
