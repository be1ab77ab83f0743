"""How fast mail comes in: from a real Dovecot to stored and understood, beside imapclient's fetch alone.

    .venv/bin/python bench/ingest.py [--mails 5000] [--old 0] [--json]

Mails of 12 kB lie in a Maildir. First imapclient alone fetches them all, then a pass of runmail collects, keeps and
reads them into SQLite, then a second pass finds nothing new. `--old 100000` puts so many older mails into the folder,
and a third pass, of one new mail, tells what they cost.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from reading import ordinary_mail  # noqa: E402

from consumers.inbound.collecting import collect  # noqa: E402
from consumers.inbound.passes import Passed, PassOutcome  # noqa: E402
from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes  # noqa: E402
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings  # noqa: E402
from profiles.store import Credentials  # noqa: E402
from tests.rig.authority import Authority  # noqa: E402
from tests.rig.dovecot import Dovecot, start_dovecot  # noqa: E402
from tests.rig.mail_home import MailHome  # noqa: E402
from worker.composition import Ground, collect_parts, lay_ground  # noqa: E402
from worker.logs import set_up_logs  # noqa: E402
from worker.lookups import open_mailbox  # noqa: E402
from worker.migrate import migrate  # noqa: E402
from worker.settings import Settings  # noqa: E402

#: Mails that imapclient fetches at a time, as a pass does.
BATCH = 200
DAY = 86_400
#: Names that a file system gives one file; ext4 takes 65,000.
MOST_LINKS = 30_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=5_000, help="mails that are collected")
    options.add_argument("--old", type=int, default=0, help="mails from before the profile in the same folder")
    options.add_argument("--json", action="store_true", help="print one JSON document")
    given = options.parse_args()
    set_up_logs(as_json=True, level="error")
    with tempfile.TemporaryDirectory(prefix="runmail-bench-") as folder:
        home = MailHome.make(Authority(Path(folder), "Bench"))
        fill(home, given.old, "old", time.time() - 400 * DAY)
        fill(home, given.mails, "new", time.time() + DAY)
        dovecot, program = start_dovecot(home)
        try:
            found = measure(lay(Path(folder), dovecot), given.mails, home)
        finally:
            program.stop()
            home.remove()
    found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['machine']}; {given.mails:,} mails of {found['octets']:,} octets, {given.old:,} older ones")
    print(f"  imapclient's fetch alone         {found['imapclient_per_second']:10,.0f} mails/s")
    print(f"  kept and understood              {found['runmail_per_second']:10,.0f} mails/s")
    print(f"  ratio                            {found['ratio']:10.2f}")
    print(f"  CPU of runmail                   {found['cpu_microseconds']:10,.0f} µs/mail")
    print(f"  a pass that finds nothing        {found['idle_pass_milliseconds']:10,.0f} ms")
    print(f"  a pass that finds one mail       {found['one_mail_milliseconds']:10,.0f} ms")
    print(f"  memory at its highest            {found['memory_mb']:10,.0f} MB")


def measure(ground: Ground, mails: int, home: MailHome) -> dict[str, Any]:
    """Run the sides one after the other."""
    (profile,) = ground.profiles.all()
    with ground.engine.begin() as connection:
        add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)
        ((mailbox,), _) = due_mailboxes(connection, 1 << 60)
    alone, octets = fetch_alone(ground, profile, mails)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    kept = 0
    while True:
        passed = collect(collect_parts(ground), mailbox.id)
        kept += passed.kept
        if passed.outcome is not PassOutcome.MORE:
            break
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert (passed.outcome, kept) == (PassOutcome.COMPLETE, mails), passed
    idle, _ = timed(ground, mailbox.id)
    fill(home, 1, "one", time.time())
    one, passed = timed(ground, mailbox.id)
    assert passed.kept == 1
    return {
        "octets": octets,
        "imapclient_per_second": round(mails / alone, 1),
        "runmail_per_second": round(mails / seconds, 1),
        "ratio": round(alone / seconds, 3),
        "cpu_microseconds": round(cpu / mails * 1e6, 1),
        "idle_pass_milliseconds": round(idle * 1000, 1),
        "one_mail_milliseconds": round(one * 1000, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "memory_of_runmail_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024, 1),
    }


def timed(ground: Ground, mailbox_id: int) -> tuple[float, Passed]:
    """Return the seconds of one pass, and what it came to."""
    began = time.perf_counter()
    passed = collect(collect_parts(ground), mailbox_id)
    return time.perf_counter() - began, passed


def fetch_alone(ground: Ground, profile: Profile, mails: int) -> tuple[float, int]:
    """Return the seconds imapclient needs to fetch the newest mails, and the octets of one."""
    link = open_mailbox(ground, profile)
    # What Dovecot does once, it does here for both sides.
    found = link.select_folder("INBOX", readonly=True)
    uids = link.search("ALL")[-mails:]
    assert found[b"EXISTS"] >= mails
    link.fetch(uids[:BATCH], ["BODY.PEEK[]"])
    began, octets = time.perf_counter(), 0
    for begin in range(0, len(uids), BATCH):
        for items in link.fetch(uids[begin : begin + BATCH], ["BODY.PEEK[]"]).values():
            octets = len(items[b"BODY[]"])
    seconds = time.perf_counter() - began
    link.close()
    return seconds, octets


def lay(folder: Path, dovecot: Dovecot) -> Ground:
    """Make a ledger and a profile that was made a moment ago."""
    ground = lay_ground(Settings(home=folder / "home"))
    migrate(ground.engine)
    imap = ImapSettings(dovecot.host, dovecot.tls_port, Security.TLS, dovecot.username, str(dovecot.home.ca_file))
    smtp = SmtpSettings("127.0.0.1", 25, Security.NONE)
    ground.profiles.add(Profile(0, "Bench", "qa@example.com", smtp, imap=imap), Credentials(imap=dovecot.password))
    return ground


def fill(home: MailHome, count: int, name: str, taken_in: float) -> None:
    """Put mails into the Maildir, taken in at a time; older ones are one file under many names."""
    source = ordinary_mail()
    first: Path | None = None
    for number in range(count):
        # The order of the names is the order of the UIDs.
        path = home.maildir / "new" / f"{1_700_000_000 + number}.{'b' if name == 'new' else 'c'}{number}.{name}"
        if name == "old":
            path = home.maildir / "new" / f"{1_600_000_000 + number}.a{number}.old"
        if name == "old" and first is not None and number % MOST_LINKS:
            os.link(first, path)
            continue
        path.write_bytes(source.replace(b"<1@mail.example.com>", b"<%s-%d@mail.example.com>" % (name.encode(), number)))
        os.utime(path, (taken_in, taken_in))
        os.chown(path, home.owner.pw_uid, home.owner.pw_gid)
        first = path


if __name__ == "__main__":
    main()
