"""The places of the application, in the order of the sidebar. A place is shown whether or not a page serves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: where it leads, what it is called, and the icon of `icons.html`."""

    path: str
    name: str
    icon: str

    def holds(self, path: str) -> bool:
        """Say whether a page at `path` belongs to this place."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


@dataclass(frozen=True, slots=True)
class Group:
    """Places under one heading; without a name there is no heading."""

    name: str
    places: tuple[Place, ...]


GROUPS = (
    Group(
        "",
        (
            Place("/", "Overview", "overview"),
            Place("/deliveries", "Deliveries", "deliveries"),
            Place("/events", "Events", "events"),
            Place("/replies", "Replies", "replies"),
            Place("/silences", "Silences", "silences"),
            Place("/templates", "Templates", "templates"),
        ),
    ),
    Group(
        "Settings",
        (
            Place("/settings/email", "Email settings", "settings"),
            Place("/settings/accounts", "Accounts", "accounts"),
        ),
    ),
)
