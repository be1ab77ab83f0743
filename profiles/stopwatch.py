"""Turning steps of a connection test into stages: measured, and with a failure put in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable

from profiles.advice import explain
from profiles.errors import MailError
from profiles.profile import ImapSettings, SmtpSettings
from profiles.reach import is_loopback
from profiles.stages import DAY_MILLISECONDS, EXPIRY_WARNING_DAYS, Outcome, Stage
from profiles.tls import Certificate


class Stopwatch:
    """Makes the stages of one test; each stage is measured from the end of the one before."""

    def __init__(self, settings: SmtpSettings | ImapSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._since = clock()

    def ok(self, name: str, said: str) -> Stage:
        """Return a stage that went well."""
        return Stage(name, Outcome.OK, said, milliseconds=self._lap())

    def skipped(self, name: str, said: str) -> Stage:
        """Return a stage that there was no reason to try."""
        return Stage(name, Outcome.SKIPPED, said, milliseconds=self._lap())

    def warning(self, name: str, said: str, advice: str) -> Stage:
        """Return a stage that works, with something a person should know."""
        return Stage(name, Outcome.WARNING, said, advice, self._lap())

    def failed(self, name: str, error: MailError) -> Stage:
        """Return a stage that failed, with what happened and what to do."""
        told = explain(error, self._settings)
        return Stage(name, Outcome.FAILED, told.said, told.advice, self._lap(), reason=error.reason)

    def protected(self, certificate: Certificate | None, address: str, now: int) -> Stage:
        """Return the stage `tls` for what the server at `address` showed at `now` (milliseconds UTC).

        No certificate means plain text, which is worth a warning beyond this machine.
        """
        if certificate is None:
            if is_loopback(address):
                return self.skipped("tls", "plain text within this machine")
            return self.warning("tls", "everything travels in plain text (security = none)", "set security if you can")
        days = (certificate.expires - now) // DAY_MILLISECONDS
        said = (
            f"{certificate.protocol}, certificate of {certificate.issuer or 'an unnamed issuer'}, "
            f"valid for {days} more {'day' if days == 1 else 'days'}"
        )
        soon = days < EXPIRY_WARNING_DAYS
        return Stage(
            "tls",
            Outcome.WARNING if soon else Outcome.OK,
            said,
            "have the certificate renewed" if soon else "",
            self._lap(),
            certificate_expires=certificate.expires,
        )

    def _lap(self) -> int:
        now = self._clock()
        passed, self._since = now - self._since, now
        return round(passed * 1000)
