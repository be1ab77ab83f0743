"""What the address of a page asks for, read leniently: what cannot be understood is said beside its field. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from consumers.views.paging import Found, Key, Place
from profiles.addresses import UnusableAddress, read_address

#: Characters of a value that is looked for.
MOST_TEXT = 320


@dataclass(slots=True)
class Asked:
    """The values of a page's filters as they were typed, and what is wrong with those that cannot be used."""

    given: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return a text, None for an empty one."""
        value = self.given.get(name, "").strip()[:MOST_TEXT]
        # What no database takes is in none.
        value = value.replace("\0", "").encode("utf-8", "ignore").decode()
        self.values[name] = value
        return value or None

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return one of some values, None for anything else."""
        value = self.given.get(name, "")
        self.values[name] = value if value in choices else ""
        return self.values[name] or None

    def address(self, name: str) -> str | None:
        """Return the key of an address; what is none is looked for as an event may have written it."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return read_address(value).key
        except UnusableAddress:
            self.faults[name] = "Write the whole address, such as ann@example.com."
            return value.casefold()

    def moment(self, name: str) -> int | None:
        """Return a moment in milliseconds, written as `2026-11-27T05:10` in UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value.replace(" ", "T"))
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            return max(0, round(moment.timestamp() * 1000))
        except (ValueError, OverflowError):
            self.faults[name] = "Write a date and a time, such as 2026-11-27 05:10."
            return None

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return any(self.values.values())

    def query(self, **more: str) -> str:
        """Return the filters as the query of an address, with more beside them."""
        found = urlencode({name: value for name, value in {**self.values, **more}.items() if value})
        return f"?{found}" if found else ""


def read_place(given: Mapping[str, str]) -> Place:
    """Return where a page begins, as `before` and `after` say; what is not understood begins at the newest."""
    before = read_key(given.get("before", ""))
    return Place(before=before) if before is not None else Place(after=read_key(given.get("after", "")))


def read_key(text: str) -> Key | None:
    """Return a key such as `170` or `12~170`; what is no number stays text."""
    if not text or len(text) > 2 * MOST_TEXT or "\0" in text:
        return None
    first, *rest = text.split("~", 1)
    if not re.fullmatch(r"-?[0-9]{1,18}", first):
        return None
    return (int(first), *(int(part) if re.fullmatch(r"[0-9]{1,18}", part) else part for part in rest))


def shown_key(key: Key) -> str:
    """Return a key as `read_key` understands it."""
    return "~".join(map(str, key))


def neighbours(path: str, asked: Asked, found: Found) -> dict[str, Any]:
    """Return the addresses of the pages beside one: `newer` and `older`, None where there is none."""
    newer = None if found.newer is None else path + asked.query(after=shown_key(found.newer))
    older = None if found.older is None else path + asked.query(before=shown_key(found.older))
    return {"newer": newer, "older": older}
