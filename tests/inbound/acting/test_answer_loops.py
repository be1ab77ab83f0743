"""No conversation of machines: two of our own workers, and programs that answer everything, get two mails at most.

Each worker has a database, a broker, a profile and a mailbox of its own (a folder of one Dovecot). The network between
them is the test: it takes what their SMTP servers were given and puts it into mailboxes, or hands it to a program.
"""

from __future__ import annotations

import email
import email.policy
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import redis
from sqlalchemy import select, update

from consumers.inbound.collecting import collect
from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes
from consumers.ledger.reply_tables import mailboxes
from consumers.ledger.tables import events
from consumers.ledger.waiting import profiles
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.rig.dovecot import Dovecot
from tests.rig.fixtures import StartSmtpServer
from tests.rig.mail_home import MailHome
from tests.rig.postgresql import PostgreSql
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.composition import collect_parts
from worker.ground import lay_ground
from worker.migrate import migrate
from worker.settings import Settings

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.timeout(300)]

#: Rounds of the network after which whatever would go on for ever has shown it.
ROUNDS = 6


@dataclass
class House:
    """One worker with its address and mailbox. `seen` counts the mails of it that the network has carried."""

    spine: Spine
    address: str
    folder: str
    maildir: MailHome
    seen: int = 0
    sent: list[EmailMessage] = field(default_factory=list)

    def fresh(self) -> list[EmailMessage]:
        """Return the mails it has sent since the last call."""
        new = self.spine.server.transactions[self.seen :]
        self.seen += len(new)
        found = [_parsed(each.message) for each in new]
        self.sent += found
        return found

    def put(self, mail: EmailMessage) -> None:
        """Put a mail into its mailbox."""
        box = self.maildir.maildir / f".{self.folder}"
        for part in ("new", "cur", "tmp"):
            (box / part).mkdir(parents=True, mode=0o700, exist_ok=True)
        (box / "new" / f"{time.time_ns()}.{secrets.token_hex(4)}.rig").write_bytes(mail.as_bytes())
        self.maildir.hand_over()

    def read(self) -> None:
        """Make a pass over the mailbox, and let everything come of it that comes of it."""
        engine = self.spine.ground.engine
        with engine.begin() as connection:
            add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)
            (mailbox,) = connection.execute(select(mailboxes.c.id)).scalars()
        collect(collect_parts(self.spine.ground), mailbox)
        # The sweep leaves an event to its recorder for a while: here that while is over.
        with engine.begin() as connection:
            connection.execute(update(events).values(recorded_at=0))
        self.spine.clock().tick(take_back=False)
        wait_until(lambda: not self.spine.events(state="accepted"))
        wait_until(lambda: not [each for each in self.spine.deliveries() if each["state"] in ("pending", "sending")])


def _parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


BuildHouse = Callable[..., House]


@pytest.fixture
def build(tmp_path: Path, redis_url: str, start_smtp_server: StartSmtpServer, dovecot: Dovecot) -> Iterator[BuildHouse]:
    """Build houses; all are taken down at the end."""
    built: list[House] = []

    def make(name: str, database: str | None = None, **changes: object) -> House:
        number = redis.Redis.from_url(redis_url).incr("databases") % 500 + 1
        home = tmp_path / name
        home.mkdir()
        settings = Settings(home=home, database_url=database)  # type: ignore[arg-type]
        ground = lay_ground(settings)
        migrate(ground.engine)
        spine = Spine(settings, ground, f"{redis_url}/{number}", home, start_smtp_server())
        redis.Redis.from_url(spine.broker_url).flushdb()
        folder, address = f"box-{name}", f"{name}@{name}.example"
        imap = ImapSettings(
            dovecot.host, dovecot.tls_port, Security.TLS, dovecot.username, str(dovecot.home.ca_file), (folder,)
        )
        smtp = SmtpSettings(spine.server.host, spine.server.port, Security.NONE)
        profile = Profile(id=0, name="QA alerts", from_address=address, smtp=smtp, imap=imap, plus_addressing=True)
        ground.profiles.add(replace(profile, **changes), Credentials(imap=dovecot.password))  # type: ignore[arg-type]
        with ground.engine.begin() as connection:
            connection.execute(update(profiles).values(created_at=0))
        spine.work()
        built.append(House(spine, address, folder, dovecot.home))
        os.makedirs(dovecot.home.maildir / f".{folder}" / "new", mode=0o700, exist_ok=True)
        os.makedirs(dovecot.home.maildir / f".{folder}" / "cur", mode=0o700, exist_ok=True)
        os.makedirs(dovecot.home.maildir / f".{folder}" / "tmp", mode=0o700, exist_ok=True)
        dovecot.home.hand_over()
        return built[-1]

    yield make
    for house in built:
        for stop in reversed(house.spine.stack):
            stop()
        house.spine.ground.engine.dispose()


#: What a program makes of a mail it got; None where it says nothing.
Program = Callable[[EmailMessage, int], EmailMessage]


def answering(sender: Callable[[int], str], text: str = "help") -> Program:
    """Return a program that answers everything, hides that it is one, and keeps the thread."""

    def answer(mail: EmailMessage, number: int) -> EmailMessage:
        reply = EmailMessage()
        reply["From"], reply["To"] = sender(number), mail["Reply-To"] or mail["From"]
        reply["Subject"], reply["Message-ID"] = f"Re: {mail['Subject']}", f"<{secrets.token_hex(8)}@hostile.example>"
        reply["In-Reply-To"], reply["References"] = mail["Message-ID"], f"{mail['References']} {mail['Message-ID']}"
        reply.set_content(f"{text}\n")
        return reply

    return answer


def rude(mail: EmailMessage) -> EmailMessage:
    """Return a mail as a rude relay passes it on: without everything that says that a program wrote it."""
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "List-Unsubscribe", "X-Runmail-Event"):
        del mail[name]
    return mail


@pytest.mark.parametrize("relay", [lambda mail: mail, rude], ids=["as sent", "through a rude relay"])
def test_two_of_our_workers_that_write_to_each_other_do_not_answer_each_other(
    build: BuildHouse, relay: Callable[[EmailMessage], EmailMessage]
) -> None:
    one, other = build("one"), build("other")
    one.spine.publish(run_finished("run-1", other.address))
    other.spine.publish(run_finished("run-2", one.address))
    for house in (one, other):
        house.spine.settled(sent=1)
    for _ in range(ROUNDS):
        for house, target in ((one, other), (other, one)):
            for mail in house.fresh():
                target.put(relay(mail))
        for house in (one, other):
            house.read()

    assert [len(house.sent) for house in (one, other)] == [1, 1]
    for house in (one, other):
        house.spine.balanced()


def test_two_of_our_workers_stay_silent_when_a_relay_turns_their_mail_into_commands(build: BuildHouse) -> None:
    """The worst relay: what one worker sends reaches the other as a command in answer to the other's own mail."""
    one, other = build("one"), build("other")
    one.spine.publish(run_finished("run-1", other.address))
    other.spine.publish(run_finished("run-2", one.address))
    last: dict[str, EmailMessage] = {}
    for house in (one, other):
        house.spine.settled(sent=1)
        last[house.address] = house.fresh()[0]
    for _ in range(ROUNDS):
        for house, target in ((one, other), (other, one)):
            # From `house`, in answer to the last mail of `target`.
            target.put(answering(lambda _, house=house: house.address)(last[target.address], 0))  # type: ignore[misc]
        for house in (one, other):
            house.read()
            for mail in house.fresh():
                last[house.address] = mail

    assert all(len(house.sent) <= 2 for house in (one, other))
    for house in (one, other):
        house.spine.balanced()


PROGRAMS = {
    "help from the recipient": (lambda number: "bot@hostile.example", "help"),
    "a refused command": (lambda number: "bot@hostile.example", "ack"),
    "a mute that is not exact": (lambda number: "bot@hostile.example", "mute forever"),
    "another tag each time": (lambda number: f"bot+{number}@hostile.example", "help"),
    "another sender each time": (lambda number: f"bot{number}@hostile.example", "help"),
    "a bare word": (lambda number: "bot@hostile.example", "noted"),
}


def converse(house: House, program: Program) -> None:
    """Let a program answer all the mail of a house, until it says nothing more or for some rounds."""
    house.spine.publish(run_finished("run-1", "bot@hostile.example"))
    house.spine.settled(sent=1)
    number = 0
    for _ in range(ROUNDS):
        for mail in house.fresh():
            for _ in range(2):
                number += 1
                house.put(program(rude(mail), number))
        house.read()
    house.fresh()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_answers_everything_gets_two_mails_at_most(build: BuildHouse, name: str) -> None:
    house = build("one")
    converse(house, answering(*PROGRAMS[name]))

    assert 1 <= len(house.sent) <= 2
    assert len(house.sent) == (1 if name == "a bare word" else 2)
    house.spine.balanced()


@pytest.mark.real("postgresql")
def test_on_postgresql_too(build: BuildHouse, postgresql: PostgreSql) -> None:
    house = build("one", postgresql.make(f"t{secrets.token_hex(6)}"))
    converse(house, answering(*PROGRAMS["another sender each time"]))

    assert len(house.sent) == 2
    answer = house.sent[1]
    assert answer["In-Reply-To"].endswith("@hostile.example>")
    house.spine.balanced()
