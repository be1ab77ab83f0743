"""Faults: what a test's server does wrong, declared on the test. Here for SMTP; `imap_server` has words of its own.

    @pytest.mark.fault(verb="RCPT", kind="4xx", times=1)                      # 451 to the first RCPT
    @pytest.mark.fault(verb="RCPT", kind="5xx", code=550, text="5.1.1 unknown", recipient="gone@example.com")
    @pytest.mark.fault(verb="DOT", kind="drop", taken=True)                   # takes the mail, then hangs up
    @pytest.mark.fault(verb="BANNER", kind="endless")

Verbs: BANNER, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA (the command), BODY (while the message arrives), DOT
(after its final dot), RSET, QUIT, and KEPT (the moment after a mail was taken, while the client keeps its
link).

Kinds: `4xx`, `5xx` (an answer; `code` and `text` say which), `421` (answer and close), `drop` (close without an
answer), `hang` (never answer), `slow` (answer rightly after `seconds`), `garbage` (a line that is no reply),
`long_reply` (a reply of 10,000 lines), `trickle` (the right answer, one byte every
`seconds`), `endless` (a reply that never ends), and for STARTTLS `stripped` (not
offered), `injected` (plain text sent after the 220, before TLS) and `plain` (220, and then no TLS).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: Answers when the fault names none.
ANSWERS = {
    "4xx": (451, "4.3.0 try again later"),
    "5xx": (550, "5.0.0 not taken"),
    "421": (421, "4.3.0 closing"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `times` is how often it happens (None: always), `after` how many matching commands go well before it.
    `recipient` limits it to one address. `taken` (at DOT) has the mail taken although the answer says
    otherwise. `each` counts for each recipient by itself, as greylisting does.
    """

    verb: str
    kind: str
    times: int | None = None
    after: int = 0
    code: int | None = None
    text: str | None = None
    recipient: str | None = None
    seconds: float = 1.0
    taken: bool = False
    each: bool = False

    @property
    def answer(self) -> bytes:
        """The reply line of a fault that answers."""
        code, text = ANSWERS.get(self.kind, (250, "ok"))
        return f"{self.code or code} {self.text or text}\r\n".encode()


class Faults:
    """The faults of one server, counted as they happen; safe to change while the server runs."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[Fault, tuple[str, ...]], int] = {}
        self._faults = list(faults)

    def add(self, verb: str, kind: str, **options: Any) -> None:
        """Declare a fault while the server runs."""
        with self._lock:
            self._faults.append(Fault(verb, kind, **options))

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._faults.clear()

    def at(self, verb: str, recipients: Iterable[str] = ()) -> Fault | None:
        """Return the fault that happens now, None when all goes well; every question counts."""
        with self._lock:
            for fault in self._faults:
                if fault.verb != verb or (fault.recipient and fault.recipient not in recipients):
                    continue
                counted = (fault, tuple(recipients) if fault.each else ())
                seen = self._seen.get(counted, 0)
                self._seen[counted] = seen + 1
                if seen >= fault.after and (fault.times is None or seen < fault.after + fault.times):
                    return fault
        return None

    def has(self, verb: str, kind: str) -> bool:
        """Say whether a fault is declared, without counting."""
        with self._lock:
            return any(fault.verb == verb and fault.kind == kind for fault in self._faults)
