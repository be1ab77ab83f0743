"""Where a typed credential belongs: one unsaved form, one field, and the server that stood beside it. Pure.

A part that could not be used when the credential was typed (an empty host, a port that is no number) is None: no
server could have been meant by it yet, so that mending it asks for nothing again. Every other change does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from profiles.rows import BOUND
from profiles.sealing import FORM, Service

#: Host, port, security and user as they were typed.
Parts = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """The place of one credential in one unsaved form."""

    draft_id: str
    service: Service
    parts: Parts

    @property
    def thing(self) -> str:
        """What is sealed, in words for a person."""
        return f"typed {self.service} password"

    def bytes_for(self, key_id: str) -> bytes:
        """Return the associated data; the third part is a text, which no Place has there."""
        return json.dumps(
            ["runmail", FORM, "draft", self.draft_id, key_id, self.service, *self.parts], separators=(",", ":")
        ).encode("ascii")


def changed_parts(kept: Parts, now: Parts) -> tuple[str, ...]:
    """Name what differs between the server a credential was typed for and the one that stands there now."""
    return tuple(
        name for name, before, after in zip(BOUND, kept, now, strict=True) if before is not None and before != after
    )


def settled(kept: Parts, now: Parts) -> Parts:
    """Return the place with what could be filled in since; only for parts that did not change."""
    first, second, third, fourth = (
        after if before is None else before for before, after in zip(kept, now, strict=True)
    )
    return first, second, third, fourth
