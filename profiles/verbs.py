"""The steps of talking to a mail server, by the name under which a failure reports them.

SMTP's and IMAP's own commands where there is one, else what is being done. The values are stable: they stand
in the ledger and in what `profiles test` prints.
"""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """At which step something failed, in the order of a session."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    #: SMTP's AUTH and IMAP's LOGIN: what one refuses for, the other does too.
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    #: The command DATA up to its 354, and the message as long as its final dot has not begun to travel.
    DATA = "DATA"
    #: The final dot and the answer to it (RFC 5321 3.3).
    DOT = "DOT"
    RSET = "RSET"
    QUIT = "QUIT"
    SELECT = "SELECT"
    IDLE = "IDLE"
    FETCH = "FETCH"
    STORE = "STORE"
    MOVE = "MOVE"
