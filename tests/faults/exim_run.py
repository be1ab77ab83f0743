"""Kills with a mail server that nobody here wrote: Exim takes the mail, and its Maildir says what it took."""

from __future__ import annotations

import email
import random
import time
from pathlib import Path

from profiles.profile import Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.faults import canary
from tests.faults.inputs import alert
from tests.faults.system import System
from tests.rig.exim import Exim

#: Events published before each kill.
BATCH = 10


def kill_beside_exim(system: System, exim: Exim, kills: int, seed: int) -> None:
    """Send through Exim with STARTTLS and a login while one of two workers is killed at moments of chance."""
    chance = random.Random(seed)
    smtp = SmtpSettings("localhost", exim.port, Security.STARTTLS, exim.username, str(exim.home.ca_file))
    draft = Profile(id=0, name="QA alerts", from_address=exim.username, smtp=smtp)
    system.ground.profiles.add(draft, Credentials(exim.password))
    system.secrets |= canary.of_login(exim.username, exim.password)
    system.clock()
    workers = [system.worker(), system.worker()]
    for number in range(kills):
        system.publish(alert(f"exim-{number}-{n}") for n in range(BATCH))
        time.sleep(chance.uniform(0.1, 0.6))
        index = chance.randrange(2)
        workers[index].kill()
        system.kills += 1
        workers[index] = system.worker()


def note_taken(exim: Exim, log: Path) -> None:
    """Write what Exim has delivered as the log that the ledger is compared with."""
    mails = [email.message_from_bytes(raw) for raw in exim.home.messages()]
    lines = [f"{mail['X-Runmail-Event']}\t{mail['Envelope-to']}\t0\n" for mail in mails]
    log.write_text("".join(lines), "utf-8")
