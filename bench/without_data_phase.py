"""A worker that does not commit that DATA comes next: what it saves is what that promise costs. For `data_phase.py`.

It is the worker itself but for one thing: the write before DATA is answered without being made, and the attempt is
written when it ends. A kill between DATA and the answer then leaves nothing behind that could be flagged.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import worker.composition
from consumers.ledger.settling import reach_data, settle
from consumers.ledger.writer import LedgerWriter
from worker.cli.main import run


class WithoutDataPhase(LedgerWriter):
    """A ledger writer that leaves the commit before DATA out."""

    def submit(self, step: Any, item: Any) -> Future[Any]:
        """Hand in one item; see LedgerWriter."""
        if step is reach_data:
            made: Future[Any] = Future()
            made.set_result(True)
            return made
        return super().submit(step, replace(item, at_data=False) if step is settle else item)


if __name__ == "__main__":
    worker.composition.LedgerWriter = WithoutDataPhase  # type: ignore[misc]
    sys.argv = ["runmail", "worker", *sys.argv[1:]]
    run()
