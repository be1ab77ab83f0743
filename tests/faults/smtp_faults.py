"""Everything a mail server can do wrong at every step, each at a profile of its own and all at once."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.inputs import GREYLISTED, REFUSED, alert
from tests.faults.system import System

VERBS = ("BANNER", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "DOT")
KINDS = ("4xx", "5xx", "421", "drop", "hang", "trickle", "garbage", "endless", "long_reply")
#: Kinds after which nobody knows what the server thought of the final dot.
SILENT = frozenset(KINDS) - {"4xx", "5xx", "421"}
#: Verbs whose 5xx is a verdict on the mail.
VERDICTS = frozenset({"MAIL", "RCPT", "DATA", "DOT"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of the one mail of a profile."""

    state: str
    maybe_twice: bool


def misbehave(system: System) -> dict[str, Expected]:
    """Make a profile for each fault and publish an event to each; return what must come of it by profile.

    Each fault happens once; the mail that suffers it is taken by the server where the fault is at the final dot, so
    that a resend is a real second copy.
    """
    expected = {}
    for verb in VERBS:
        for kind in KINDS:
            name = f"{verb} {kind}"
            system.profile(name, server=name)
            system.sink.fault(verb, kind, name=name, times=1, taken=verb == "DOT" and kind in SILENT)
            refused = kind == "5xx" and verb in VERDICTS
            expected[name] = Expected("failed" if refused else "sent", verb == "DOT" and kind in SILENT)
    system.publish(alert(f"at-{name.replace(' ', '-')}", profile=name) for name in expected)
    return expected


def refuse_some(system: System) -> None:
    """Make a profile whose server refuses one recipient for ever and lets another wait at first (greylisting)."""
    system.profile("some")
    system.sink.fault("RCPT", "5xx", code=550, text="5.1.1 no such user", recipient=REFUSED)
    system.sink.fault("RCPT", "4xx", code=451, text="4.7.1 come back later", recipient=GREYLISTED, times=2, each=True)
    system.publish([alert(f"some-{n}", "a@example.com", REFUSED, GREYLISTED, profile="some") for n in range(5)])
