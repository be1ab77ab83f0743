"""How the command line shows things: tables for people, one JSON document for programs, errors in one line.

Nothing from an event, a mail or a server reaches the terminal with its control characters.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from profiles.plain_text import plain

out = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line for people."""
    out.print(Text(plain(text)))


def print_json(document: object) -> None:
    """Print one JSON document; non-ASCII is escaped, so a terminal shows it as it is meant."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that wraps to the terminal's width; plain columns when piped."""
    if not out.is_terminal:
        for row in rows:
            sys.stdout.write("\t".join(plain("" if cell is None else cell) for cell in row) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain("" if cell is None else cell)) for cell in row))
    Console(highlight=False).print(table)


def fits(columns: int) -> bool:
    """Say whether so many characters stand side by side; piped, there is no end."""
    return not out.is_terminal or out.width >= columns


def print_facts(facts: dict[str, Any]) -> None:
    """Print names and values, one a line, aligned."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if value is not None and value != "":
            out.print(Text(f"{name.replace('_', ' '):<{width}}  {plain(value)}"))


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a longer work is, on stderr and on a terminal alone; yields what to call for each part done."""
    from rich.progress import Progress  # 30 ms that only a longer work should cost

    console = Console(stderr=True, highlight=False)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def note(text: str) -> None:
    """Print one line for people beside the output, on stderr."""
    sys.stderr.write(f"{plain(text)}\n")


def warn(text: str) -> None:
    """Print one clear line on stderr."""
    sys.stderr.write(f"runmail: {plain(text)}\n")


def fail(text: str, code: int = 1) -> NoReturn:
    """Print one clear line on stderr and end: 1 the thing failed, 2 wrong use."""
    warn(text)
    raise typer.Exit(code)
