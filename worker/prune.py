"""`runmail prune`: steps of `consumers.ledger.pruning` one after the other, each archived before it is deleted.

The pace leaves the database to the workers: after each step it sleeps several times as long as the step wrote.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from consumers.ledger import outgoing_pruning, pruning
from consumers.ledger.pruning import Archive, Finished

#: Share of the time in which pruning may write.
SHARE = 0.25


def count(engine: Engine, finished: Finished) -> dict[str, int]:
    """Count what `prune` would delete, by table."""
    with engine.execution_options(reading=True).connect() as connection:
        return pruning.count(connection, finished, pruning.last_row_before(connection, finished.before))


def count_outgoing(engine: Engine, before: int) -> int:
    """Count what `prune_outgoing` would delete."""
    with engine.execution_options(reading=True).connect() as connection:
        return outgoing_pruning.count_old(connection, before)


def prune(
    engine: Engine,
    finished: Finished,
    archive: Archive | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, int]]:
    """Delete what is finished, step by step; yield after each step how many rows of each table went so far."""
    reading = engine.execution_options(reading=True)
    gone: Counter[str] = Counter()
    after: int | None = 0
    with reading.connect() as connection:
        last = pruning.last_row_before(connection, finished.before)
    while after is not None:
        with reading.connect() as connection:
            found = pruning.find(connection, finished, after, last)
            rows = pruning.read_rows(connection, found.rows) if archive is not None and found.rows else []
        if archive is not None and rows:
            archive(rows)
        if found.rows:
            began = time.monotonic()
            with engine.begin() as connection:
                gone.update(pruning.remove(connection, finished, found.rows))
            yield dict(gone)
            if found.next_after is not None:
                sleep((time.monotonic() - began) * (1 / SHARE - 1))
        after = found.next_after


def prune_outgoing(
    engine: Engine, before: int, archive: Archive | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[int]:
    """Delete outgoing events that are finished and older than a moment; yield after each step how many went so far."""
    gone = 0
    while True:
        with engine.execution_options(reading=True).connect() as connection:
            rows = outgoing_pruning.find_old(connection, before)
            kept = outgoing_pruning.read_old(connection, rows) if archive is not None and rows else []
        if not rows:
            return
        if archive is not None:
            archive(kept)
        began = time.monotonic()
        with engine.begin() as connection:
            removed = outgoing_pruning.remove_old(connection, before, rows)
        gone += removed
        yield gone
        if removed == 0:
            return  # each of them changed in this moment: the next run finds what is left
        sleep((time.monotonic() - began) * (1 / SHARE - 1))


@contextmanager
def archive_file(path: Path) -> Iterator[Archive]:
    """Append to a file of JSON lines, gzip by its name: `{"table": …, "row": {…}}`, bytes in base64.

    What a call has written is on disk when it returns; a gzip file consists of one member for each call, which
    every reader takes as one file. A step that was archived and not deleted stands in the file again later.

    Raises:
        OSError: when the file cannot be written.
    """
    # Private to its owner, as the database is: it holds addresses and the text of mails.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0) as file:

        def write(rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
            lines = (json.dumps({"table": table, "row": row}, default=_as_text) for table, row in rows)
            content = "".join(f"{line}\n" for line in lines).encode()
            left = memoryview(gzip.compress(content) if path.suffix == ".gz" else content)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())

        yield write


def _as_text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a {type(value).__name__} cannot be archived")
