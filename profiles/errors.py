"""What goes wrong with a mail system, as the two kinds that decide what happens next.

    Exception
    └── MailError
        ├── TransientMailError   try again later
        └── PermanentMailError   trying again cannot help

Neither knows about deliveries or retries. The texts carry a server's answer at most: never a credential,
an address list or a mail body.
"""

from __future__ import annotations


class MailError(Exception):
    """A failure of a mail system with a stable `reason` and, when a server answered, its `code`.

    `reason` is a snake_case name that code and people can rely on (`connection_refused`,
    `authentication_refused`, `recipient_refused`, …). `code` is the SMTP reply code (RFC 5321 4.2) or None;
    `status` the enhanced status code (RFC 3463) or None; `answer` the server's text, untrusted and cut to
    500 characters.
    """

    def __init__(
        self, reason: str, *, code: int | None = None, status: str | None = None, answer: str = ""
    ) -> None:
        self.reason = reason
        self.code = code
        self.status = status
        self.answer = answer[:500]
        shown = " ".join(str(part) for part in (code, status, self.answer) if part)
        super().__init__(f"{reason}: {shown}" if shown else reason)


class TransientMailError(MailError):
    """Raised when the same thing may well succeed later: 4xx, a lost connection, a refused login."""


class PermanentMailError(MailError):
    """Raised when the same thing will fail again: 5xx, an address that cannot exist."""
