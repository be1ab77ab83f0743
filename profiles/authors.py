"""Who changes a profile: a frozen value that is built at the edge and written into the audit trail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """The one behind a change.

    `who` is a name as the edge knows it, such as the operating-system user; `via` the edge (`cli`, `page`);
    `host` the machine. None of them is proof of identity beyond what that edge checks.
    """

    who: str
    via: str
    host: str = ""


#: The program itself, where no person decides: the demo, a bench, a test.
PROGRAM = Author("runmail", "program")
