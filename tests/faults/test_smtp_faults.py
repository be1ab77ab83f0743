"""Mail servers that misbehave at every step: what may pass is sent later, and only a lost answer is flagged."""

from __future__ import annotations

import pytest

from tests.faults.inputs import GREYLISTED, REFUSED
from tests.faults.smtp_faults import Expected, misbehave, refuse_some
from tests.faults.system import System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]


def test_every_fault_at_every_verb_ends_as_it_should(system: System) -> None:
    expected = misbehave(system)
    refuse_some(system)
    system.worker()
    system.clock()

    tally = system.rest("SMTP faults")

    rows = system.deliveries()
    found = {row["profile"]: Expected(row["state"], row["maybe_twice"]) for row in rows if row["profile"] != "some"}
    assert found == expected
    assert tally.duplicated == sum(each.maybe_twice for each in expected.values())
    some = {(row["recipient"], row["state"]) for row in rows if row["profile"] == "some"}
    assert some == {("a@example.com", "sent"), (REFUSED, "failed"), (GREYLISTED, "sent")}
