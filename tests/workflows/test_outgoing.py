"""Deliveries of outgoing events in the ledger: routed once, owned by one, given up when they kill."""

from __future__ import annotations

from sqlalchemy import update

from consumers.ledger.outgoing import (
    Claim,
    Claimed,
    Settlement,
    Target,
    claim_outgoing,
    is_waiting,
    settle_outgoing,
)
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind, outgoing_deliveries
from consumers.ledger.routing import Routing, route
from tests.workflows.conftest import NOW, command, tell
from worker.ground import Ground

FLOWS = Target(TargetKind.HANDLER, "flows")


def claim(ground: Ground, most_attempts: int = 5) -> Claimed | None:
    with ground.engine.begin() as connection:
        (found,) = claim_outgoing(connection, [Claim(FLOWS, 60, most_attempts, NOW)])
    return found


def settle(ground: Ground, claimed: Claimed, state: OutgoingState) -> bool:
    with ground.engine.begin() as connection:
        done = Settlement(claimed.row_id, claimed.fence, state, None, None, NOW, NOW)
        (counts,) = settle_outgoing(connection, [done])
    return counts


def lose_leases(ground: Ground) -> None:
    """Let every lease have ended, as after the death of its owner."""
    with ground.engine.begin() as connection:
        connection.execute(update(outgoing_deliveries).values(lease_until=0))


def routed(ground: Ground) -> int:
    with ground.engine.begin() as connection:
        (count,) = route(connection, [Routing(("flows",), NOW)])
    return count


def test_an_event_is_routed_once(ground: Ground) -> None:
    tell(ground.engine, command())

    assert [routed(ground), routed(ground)] == [1, 0]
    assert claim(ground) is not None
    assert claim(ground) is None


def test_what_an_earlier_owner_writes_no_longer_counts(ground: Ground) -> None:
    tell(ground.engine, command())
    routed(ground)
    first = claim(ground)
    assert first is not None
    lose_leases(ground)
    second = claim(ground)
    assert second is not None

    assert settle(ground, first, OutgoingState.DEAD) is False
    assert settle(ground, second, OutgoingState.DONE) is True
    assert (first.attempts, second.attempts) == (1, 2)


def test_a_delivery_whose_every_attempt_dies_with_its_process_is_given_up(ground: Ground) -> None:
    tell(ground.engine, command())
    routed(ground)
    for _ in range(3):
        assert claim(ground, most_attempts=3) is not None
        lose_leases(ground)

    assert claim(ground, most_attempts=3) is None
    with ground.engine.connect() as connection:
        row = connection.execute(outgoing_deliveries.select()).one()
    assert (row.state, row.reason) == ("dead", "never_ended")


def test_the_clock_rings_for_what_is_not_routed_and_for_what_is_due_and_for_nothing_else(ground: Ground) -> None:
    def waits() -> bool:
        with ground.engine.connect() as connection:
            return is_waiting(connection, NOW)

    told = [waits()]
    tell(ground.engine, command())
    told.append(waits())
    routed(ground)
    told.append(waits())
    claimed = claim(ground)
    told.append(waits())
    assert claimed is not None
    settle(ground, claimed, OutgoingState.DONE)
    told.append(waits())

    assert told == [False, True, True, False, False]
