"""How much a mail may show: steps from generous to sparse, tried in order until the mail is small enough."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of a whole message after encoding. Gmail clips HTML beyond about 102 KB.
MAX_MESSAGE = 95_000
#: Bytes of those that the headers may take: every header of ours is bounded far below.
HEADERS = 4_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Items of a list, and lines of a message and of a trace for each of them."""

    items: int
    message_lines: int
    trace_lines: int


STEPS = (
    Budget(items=25, message_lines=12, trace_lines=26),
    Budget(items=20, message_lines=6, trace_lines=12),
    Budget(items=20, message_lines=4, trace_lines=0),
    Budget(items=12, message_lines=2, trace_lines=0),
    Budget(items=5, message_lines=1, trace_lines=0),
)
