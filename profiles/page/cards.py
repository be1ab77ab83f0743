"""What the list shows of each profile: status in its colour, servers, use, expiry, marks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from profiles.marks import Mark, MarkName
from profiles.overview import Seen
from profiles.page.shell.notices import Tone
from profiles.page.usage_chart import Chart, draw
from profiles.profile import ImapSettings, Profile, SmtpSettings
from profiles.usage import COUNTED_DAYS, Use

#: Marks that are the status itself.
STATUS = (MarkName.DISABLED, MarkName.BREAKER_OPEN, MarkName.FAILING, MarkName.NEVER_TESTED)
TONES = {
    "disabled": Tone.QUIET,
    "never tested": Tone.WARN,
    "healthy": Tone.GOOD,
}
#: What helps against a mark, in a sentence.
PRACTICES = {
    MarkName.PERSONAL_MAILBOX: "Use a dedicated mailbox, such as qa-alerts@…: it stays when people leave.",
    MarkName.UNUSED: "Remove it if it is obsolete: a credential that nobody needs is one that can only leak.",
    MarkName.CREDENTIAL_ENDED: "The new one is tested before it replaces the old.",
    MarkName.CREDENTIAL_ENDING: "The new one is tested before it replaces the old.",
}


@dataclass(frozen=True, slots=True)
class Expiry:
    """When something ends: the day or moment (milliseconds UTC), and whether it should be looked after."""

    what: str
    day: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Warned:
    """A mark that is not the status, with what helps against it."""

    said: str
    practice: str


@dataclass(frozen=True, slots=True)
class Card:
    """One profile of the list."""

    profile: Profile
    status: str
    tone: Tone
    since: int | None
    why: str
    smtp: str
    imap: str
    use: Use
    used: str
    chart: Chart | None
    tested: tuple[tuple[str, int, str], ...]
    expiries: tuple[Expiry, ...]
    warned: tuple[Warned, ...]


def card(seen: Seen) -> Card:
    """Return what the list shows of a profile."""
    grave = next((mark for mark in seen.marks if mark.name in STATUS), None)
    status, since = _status(seen, grave)
    return Card(
        profile=seen.profile,
        status=status,
        tone=TONES.get(status, Tone.BAD),
        since=since,
        why=_sentence(grave.said) if grave else "",
        smtp=_server(seen.profile.smtp),
        imap=_server(seen.profile.imap) if seen.profile.imap else "",
        use=seen.use,
        used=f"Used {_times(seen.use.times)} in {COUNTED_DAYS} days",
        chart=draw(seen.use.days),
        tested=tuple(
            (service.upper(), test.at, "passed" if test.passed else f"failed: {(test.reason or '').replace('_', ' ')}")
            for service, test in seen.tests.items()
        ),
        expiries=tuple(_expiries(seen)),
        warned=tuple(
            Warned(_sentence(mark.said), PRACTICES.get(mark.name, "")) for mark in seen.marks if mark.name not in STATUS
        ),
    )


def _status(seen: Seen, grave: Mark | None) -> tuple[str, int | None]:
    """Return the status in two words, and since when it is so, where that is known."""
    if grave is None:
        return "healthy", None
    if grave.name is MarkName.BREAKER_OPEN:
        return "breaker open", seen.use.since
    if grave.name is MarkName.FAILING:
        tested = [test.at for test in seen.tests.values() if not test.passed]
        moments = [moment for moment in (*tested, seen.use.since) if moment is not None]
        return "failing", min(moments, default=None)
    return grave.short, None


def _expiries(seen: Seen) -> Iterator[Expiry]:
    marked = {mark.name for mark in seen.marks}
    ends = seen.profile.credential_expires
    if ends is not None:
        tone = _tone(marked, MarkName.CREDENTIAL_ENDED, MarkName.CREDENTIAL_ENDING)
        yield Expiry("Credential", ends.isoformat(), tone)
    certificates = [test.certificate_expires for test in seen.tests.values() if test.certificate_expires]
    if certificates:
        tone = _tone(marked, MarkName.CERTIFICATE_ENDED, MarkName.CERTIFICATE_ENDING)
        yield Expiry("Certificate", _day(min(certificates)), tone)


def _tone(marked: set[MarkName], ended: MarkName, ending: MarkName) -> Tone:
    return Tone.BAD if ended in marked else Tone.WARN if ending in marked else Tone.QUIET


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _server(server: SmtpSettings | ImapSettings) -> str:
    return f"{server.host}:{server.port} ({server.security.value})"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _sentence(said: str) -> str:
    # An address at the beginning stays as it is written.
    first = said if "@" in said.partition(" ")[0] else f"{said[:1].upper()}{said[1:]}"
    return f"{first}."
