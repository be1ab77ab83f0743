"""Named leases: of several processes that want the same standing job, one has it at a time."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from consumers.ledger.lease import lease_ended, read_lease_clock
from consumers.ledger.tables import leases


def take_lease(connection: Connection, name: str, owner: str, seconds: float) -> bool:
    """Take or renew the lease `name` for `seconds`; False while another owner holds it."""
    moment = read_lease_clock(connection)
    values = {"owner": owner, "lease_epoch": moment.epoch, "lease_until": moment.after(seconds)}
    changed = connection.execute(
        update(leases)
        .where(leases.c.name == name, or_(leases.c.owner == owner, lease_ended(leases, moment)))
        .values(**values)
    )
    if changed.rowcount == 1:
        return True
    if connection.execute(select(leases.c.name).where(leases.c.name == name)).first() is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(insert(leases).values(name=name, **values))
    except IntegrityError:
        return False
    return True


def drop_lease(connection: Connection, name: str, owner: str) -> None:
    """Give the lease back, so that another process need not wait for its end."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
