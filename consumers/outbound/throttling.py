"""Which answers of a server ask to be written to more slowly. Pure."""

from __future__ import annotations

from profiles.errors import MailError

#: Microsoft 365 for too many connections of a mailbox at once.
TOO_MANY_AT_ONCE = (432, "4.3.2")
#: Reasons that `profiles.classify` gives to answers about too much at once.
REASONS = frozenset({"too_many_connections"})


def asks_to_slow_down(error: MailError) -> bool:
    """Say whether an answer is about our pace rather than about this mail.

    `432 4.3.2`, and every 4yz whose status is 4.7.x (RFC 3463: security or policy, for now), `421 4.7.0` among them.
    """
    if error.reason in REASONS:
        return True
    if error.code is None or error.code // 100 != 4 or error.status is None:
        return False
    return (error.code, error.status) == TOO_MANY_AT_ONCE or error.status.startswith("4.7.")
