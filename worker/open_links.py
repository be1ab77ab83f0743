"""The connections of this process that are open now, counted by profile without a word from those who use them."""

from __future__ import annotations

import threading
from collections import Counter
from weakref import WeakSet

from consumers.outbound.links import OpenLink
from profiles.profile import Profile
from profiles.smtp_link import SmtpLink


class OpenLinks:
    """Notes every link that is opened. A link that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._links: dict[str, WeakSet[SmtpLink]] = {}

    def opening(self, open_link: OpenLink) -> OpenLink:
        """Return what opens a link as `open_link` does, and notes it."""

        async def opened(profile: Profile) -> SmtpLink:
            link = await open_link(profile)
            with self._lock:
                self._links.setdefault(profile.name, WeakSet()).add(link)
            return link

        return opened

    def by_profile(self) -> Counter[str]:
        """Return how many links are open, by the name of the profile."""
        with self._lock:
            found = {name: list(links) for name, links in self._links.items()}
        return Counter({name: sum(link.usable for link in links) for name, links in found.items()})
