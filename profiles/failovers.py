"""Failovers: the profile that takes over must exist, and taking over must come to an end. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from profiles.errors import UnknownProfile
from profiles.profile import Profile


def failover_fault(profile: Profile, others: Mapping[str, Profile]) -> str | None:
    """Say what is wrong with a profile's failover among profiles by name; None when nothing is."""
    seen = [profile.name]
    following = profile.failover
    while following is not None:
        if following in seen:
            return f"goes in a circle ({' → '.join([*seen, following])})"
        if following not in others:
            return str(UnknownProfile(following, tuple(others)))
        seen.append(following)
        following = others[following].failover
    return None
