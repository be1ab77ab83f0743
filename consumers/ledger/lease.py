"""The lease clock: the time that leases are measured in.

A wall clock may be wrong on one host or stepped on all; a lease measured by it would end early and let two
workers send one mail. On PostgreSQL the database's own time is the same for every host. On SQLite every process
is on one machine, and the time since boot is the same for all of them; a lease of an earlier boot has ended.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, text

#: Seconds a worker has to plan what it took, unless the lease of deliveries is shorter; far above what planning takes.
PLANNING_LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading of the lease clock: milliseconds within an epoch. Readings of two epochs cannot be compared."""

    epoch: str
    milliseconds: int

    def after(self, seconds: float) -> int:
        """Return the milliseconds at which a lease of `seconds` from now ends."""
        return self.milliseconds + round(seconds * 1000)


def read_lease_clock(connection: Connection) -> Moment:
    """Read the lease clock of the database that `connection` belongs to."""
    if connection.dialect.name == "postgresql":
        now = connection.execute(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")).scalar_one()
        return Moment("database", int(now))
    return Moment(_boot_id(), int(since_boot() * 1000))


def lease_ended(table: Table, now: Moment) -> ColumnElement[bool]:
    """Make the condition that a row's lease has ended, or was given in another epoch."""
    return or_(table.c.lease_until.is_(None), table.c.lease_epoch != now.epoch, table.c.lease_until <= now.milliseconds)


def lease_holds(table: Table, now: Moment) -> ColumnElement[bool]:
    """Make the condition that a row's lease still holds."""
    return and_(table.c.lease_epoch == now.epoch, table.c.lease_until > now.milliseconds)


def since_boot() -> float:
    """Return the seconds since boot, time asleep included where the system counts it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


@cache
def _boot_id() -> str:
    """Return what tells this boot from earlier ones."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text("ascii").strip()
    # macOS; elsewhere a constant, and leases of an earlier boot end with their time.
    found = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "this-machine"
