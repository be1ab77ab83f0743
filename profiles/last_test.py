"""What the last connection test of a profile came to, as it is kept beside the profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LastTest:
    """One service's last test.

    `at` and `certificate_expires` are milliseconds UTC; `reached` names the last stage that was tried;
    `reason` is None when everything went well, else the named reason of the failure.
    """

    at: int
    reached: str
    reason: str | None = None
    certificate_expires: int | None = None

    @property
    def passed(self) -> bool:
        """Whether every stage went well."""
        return self.reason is None
