"""Two thousand hostile events in every run: nothing they say becomes a header, a recipient or an element."""

from __future__ import annotations

from tests.faults.hostile import inject


def test_no_hostile_event_becomes_structure() -> None:
    found = inject(seed=1, count=2_000)

    print(found)
    assert found.total == 0
    assert found.events - found.refused > 1_500
