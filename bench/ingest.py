"""How fast mail comes in: from a real Dovecot to stored, understood and matched, beside imapclient's fetch alone.

    .venv/bin/python bench/ingest.py [--mails 5000] [--old 0] [--json]

Answers of 12 kB to mails of ours lie in a Maildir. First imapclient alone fetches them all, then passes of runmail
collect, keep, read and match them, with SQLite as the ledger. Steady passes follow, over a folder in which nothing and
one mail is new. `--old 100000` puts so many older mails into the folder.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

from imapclient import IMAPClient
from sqlalchemy import func, select

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from answers import answers, send_mails  # noqa: E402
from reading import ordinary_mail  # noqa: E402

from consumers.inbound.collecting import collect  # noqa: E402
from consumers.inbound.passes import Passed, PassOutcome  # noqa: E402
from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes  # noqa: E402
from consumers.ledger.reply_tables import replies  # noqa: E402
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings  # noqa: E402
from profiles.store import Credentials  # noqa: E402
from profiles.tls import client_context  # noqa: E402
from tests.inbound.ingest.cutting_proxy import CuttingProxy  # noqa: E402
from tests.rig.authority import Authority  # noqa: E402
from tests.rig.dovecot import Dovecot, start_dovecot  # noqa: E402
from tests.rig.mail_home import MailHome  # noqa: E402
from worker.composition import collect_parts  # noqa: E402
from worker.ground import Ground, lay_ground  # noqa: E402
from worker.logs import set_up_logs  # noqa: E402
from worker.migrate import migrate  # noqa: E402
from worker.settings import Settings  # noqa: E402

#: Mails that imapclient fetches at a time.
BATCH = 200
DAY = 86_400
#: Names that a file system gives one file; ext4 takes 65,000.
MOST_LINKS = 30_000
NAME = "Bench"
T = TypeVar("T")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=5_000, help="mails that are collected")
    options.add_argument("--old", type=int, default=0, help="mails from before the profile in the same folder")
    options.add_argument("--json", action="store_true", help="print one JSON document")
    given = options.parse_args()
    set_up_logs(as_json=True, level="error")
    with tempfile.TemporaryDirectory(prefix="runmail-bench-") as folder:
        home = MailHome.make(Authority(Path(folder), NAME))
        dovecot, program = start_dovecot(home)
        try:
            ground = lay(Path(folder), dovecot)
            fill(home, "a", repeat(ordinary_mail(), given.old), time.time() - 400 * DAY)
            fill(home, "b", answers(send_mails(ground, NAME, given.mails)), time.time() + DAY)
            found = measure(ground, dovecot, given.mails)
        finally:
            program.stop()
            home.remove()
    found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['machine']}; {given.mails:,} mails of {found['octets']:,} octets, {given.old:,} older ones")
    print("                                   mails/s   µs CPU a mail")
    for name, title in (("imapclient", "imapclient's fetch alone"), ("runmail", "kept, understood, matched")):
        print(f"  {title:<28}{found[f'{name}_per_second']:12,.0f}{found[f'{name}_cpu_microseconds']:16,.0f}")
    print(f"  runmail beside imapclient   {found['ratio']:12.2f}{found['cpu_ratio']:16.2f}")
    for name, title in (("idle", "nothing"), ("one", "one mail")):
        seconds, octets = found[f"{name}_pass_milliseconds"] / 1000, found[f"{name}_pass_octets"]
        print(f"  a pass that finds {title:<10}{seconds:10.3f} s {octets:14,} octets from the server")
    print(f"  memory at its highest       {found['memory_mb']:12,.0f} MB")
    print(f"  of which the passes took    {found['memory_more_mb']:12,.0f} MB")


def measure(ground: Ground, dovecot: Dovecot, mails: int) -> dict[str, Any]:
    """Run the sides one after the other, then the steady passes."""
    with ground.engine.begin() as connection:
        add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)
        ((mailbox,), _) = due_mailboxes(connection, 1 << 60)
    # As a worker does.
    gc.freeze()
    link = open_plainly(dovecot)
    # What Dovecot does once, it does here for both sides.
    uids = link.search("ALL")[-mails:]
    link.fetch(uids[:BATCH], ["BODY.PEEK[]"])
    alone, alone_cpu, octets = timed(lambda: fetch_alone(link, uids))
    link.logout()
    memory = peak()
    seconds, cpu, kept = timed(lambda: first_passes(ground, mailbox.id))
    assert kept == mails, kept
    first_peak = peak()
    with ground.engine.connect() as connection:
        counted = select(replies.c.outcome, func.count()).where(replies.c.delivery_id.is_not(None))
        outcomes = {row.outcome: row[1] for row in connection.execute(counted.group_by(replies.c.outcome))}
    assert sum(outcomes.values()) == mails, outcomes
    # The same folder through a proxy that counts.
    proxy = CuttingProxy(dovecot.tls_port)
    (profile,) = ground.profiles.all()
    assert profile.imap is not None
    imap = replace(profile.imap, port=proxy.port)
    ground.profiles.update(replace(profile, imap=imap), Credentials(imap=dovecot.password))
    idle, _, passed = timed(lambda: collect(collect_parts(ground), mailbox.id))
    idle_octets = proxy.carried
    assert passed.kept == 0, passed
    fill(dovecot.home, "c", [ordinary_mail().replace(b"<1@", b"<one more@")], time.time())
    one, _, passed = timed(lambda: collect(collect_parts(ground), mailbox.id))
    assert passed.kept == 1, passed
    return {
        "octets": octets,
        "outcomes": outcomes,
        "imapclient_per_second": round(mails / alone, 1),
        "imapclient_cpu_microseconds": round(alone_cpu / mails * 1e6, 1),
        "runmail_per_second": round(mails / seconds, 1),
        "runmail_cpu_microseconds": round(cpu / mails * 1e6, 1),
        "ratio": round(alone / seconds, 3),
        "cpu_ratio": round(alone_cpu / cpu, 3),
        "idle_pass_milliseconds": round(idle * 1000, 1),
        "idle_pass_octets": idle_octets,
        "one_pass_milliseconds": round(one * 1000, 1),
        "one_pass_octets": proxy.carried - idle_octets,
        "memory_mb": round(peak(), 1),
        "memory_more_mb": round(first_peak - memory, 1),
    }


def timed(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return the seconds that some work took, those of this process's CPU, and what came of it."""
    began, cpu = time.perf_counter(), time.process_time()
    done = work()
    return time.perf_counter() - began, time.process_time() - cpu, done


def peak() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first_passes(ground: Ground, mailbox_id: int) -> int:
    """Make passes until the folder is read; return how many mails were kept."""
    kept, passed = 0, Passed(PassOutcome.MORE)
    while passed.outcome is PassOutcome.MORE:
        passed = collect(collect_parts(ground), mailbox_id)
        kept += passed.kept
    assert passed.outcome is PassOutcome.COMPLETE, passed
    return kept


def open_plainly(dovecot: Dovecot) -> IMAPClient:
    """Open the folder with imapclient as its documentation shows it."""
    context = client_context(str(dovecot.home.ca_file))
    link = IMAPClient(dovecot.host, dovecot.tls_port, ssl_context=context)
    link.login(dovecot.username, dovecot.password)
    link.select_folder("INBOX", readonly=True)
    return link


def fetch_alone(link: IMAPClient, uids: list[int]) -> int:
    """Fetch mails and forget them; return the octets of the last."""
    octets = 0
    for begin in range(0, len(uids), BATCH):
        for items in link.fetch(uids[begin : begin + BATCH], ["BODY.PEEK[]"]).values():
            octets = len(items[b"BODY[]"])
    return octets


def lay(folder: Path, dovecot: Dovecot) -> Ground:
    """Make a ledger and a profile that was made a moment ago."""
    ground = lay_ground(Settings(home=folder / "home"))
    migrate(ground.engine)
    imap = ImapSettings(dovecot.host, dovecot.tls_port, Security.TLS, dovecot.username, str(dovecot.home.ca_file))
    smtp = SmtpSettings("127.0.0.1", 25, Security.NONE)
    ground.profiles.add(Profile(0, NAME, "qa@example.com", smtp, imap=imap), Credentials(imap=dovecot.password))
    return ground


def fill(home: MailHome, series: str, sources: Iterable[bytes], taken_in: float) -> None:
    """Put mails into the Maildir, taken in at a time; one source that comes again is one file under many names."""
    last: tuple[bytes, Path] | None = None
    for number, source in enumerate(sources):
        # The order of the names is the order of the UIDs.
        begun = 1_600_000_000 + 100_000_000 * (ord(series) - 97) + number
        path = home.maildir / "new" / f"{begun}.{secrets.token_hex(8)}.bench"
        if last is not None and last[0] is source and number % MOST_LINKS:
            os.link(last[1], path)
            continue
        path.write_bytes(source)
        os.utime(path, (taken_in, taken_in))
        os.chown(path, home.owner.pw_uid, home.owner.pw_gid)
        last = (source, path)


if __name__ == "__main__":
    main()
