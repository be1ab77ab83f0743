"""Who looks at a page, as far as a page cares. How someone came in, and whether that is proof, others know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What someone may do: a viewer sees everything, an admin changes it too."""

    ADMIN = "admin"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The one behind a request, in `request.state.visitor`; None stands there for someone who is not logged in."""

    name: str
    role: Role

    @property
    def may_change(self) -> bool:
        """Whether requests that change something are let through."""
        return self.role is Role.ADMIN
