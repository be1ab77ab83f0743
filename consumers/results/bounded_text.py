"""BoundedText: keeps the head and the tail of a text that may be of any length."""

from __future__ import annotations

from consumers.contract.texts import MAX_TRACE

#: Characters kept of the begin and the end of a trace. Java names its cause first, Python last; the rest of
#: `MAX_TRACE` is room for the mark between them.
HEAD = MAX_TRACE * 3 // 5
TAIL = MAX_TRACE * 2 // 5 - 100


class BoundedText:
    """Collects pieces of text in bounded memory."""

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._room = head
        self._tail_size = tail
        self._head: list[str] = []
        self._tail = ""
        self._left_out = 0

    def add(self, piece: str) -> None:
        """Take the next piece."""
        if self._room > 0:
            self._head.append(piece[: self._room])
            piece, taken = piece[self._room :], len(piece)
            self._room -= min(taken, self._room)
        if piece:
            self._tail += piece
            # Cutting at twice the size makes each character move a constant number of times.
            if len(self._tail) > 2 * self._tail_size:
                self._cut()

    def _cut(self) -> None:
        over = len(self._tail) - self._tail_size
        if over > 0:
            self._left_out += over
            self._tail = self._tail[over:]

    def text(self) -> str:
        """Return the whole text, or its head and tail around a mark with the count of what is left out."""
        self._cut()
        head = "".join(self._head)
        if not self._left_out:
            return head + self._tail
        return f"{head}\n… (+{self._left_out} characters) …\n{self._tail}"
