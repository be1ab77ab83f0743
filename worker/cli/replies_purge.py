"""`runmail replies purge`: what it does, apart from its options, because reading files needs no database."""

from __future__ import annotations

import time

from consumers.ledger.retention import Forgettable, count_forgettable, forget
from profiles.errors import UnknownProfile
from worker.cli import shown, standing
from worker.cli.progress import Progress
from worker.ground import now_milliseconds

#: Mails of one transaction, and seconds of rest between two: workers write meanwhile.
STEP = 500
REST_SECONDS = 0.02


def purge(
    *,
    older_than: int,
    profile: str | None,
    sender: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove the octets, or everything personal, of mails that were kept more than `older_than` milliseconds ago."""
    ground = standing.ground()
    try:
        profile_id = ground.profiles.by_name(profile).id if profile else None
    except UnknownProfile as error:
        shown.fail(str(error))
    wanted = Forgettable(now_milliseconds() - older_than, profile_id, sender, everything)
    if dry_run:
        with ground.engine.execution_options(reading=True).connect() as connection:
            gone = count_forgettable(connection, wanted)
    else:
        gone = 0
        with Progress("purging") as progress:
            while True:
                with ground.engine.begin() as connection:
                    step = forget(connection, wanted, STEP)
                gone += step
                progress.say(f"purging: {gone:,} mails")
                if step < STEP:
                    break
                time.sleep(REST_SECONDS)
    if as_json:
        shown.print_json({"dry_run": dry_run, "mails": gone, "everything": everything})
    else:
        what = "everything personal" if everything else "the octets"
        shown.say(f"{'Would remove' if dry_run else 'Removed'} {what} of {gone:,} mails.")
