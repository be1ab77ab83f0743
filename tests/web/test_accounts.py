"""Accounts: the commands of `runmail admin`, and what is kept, on both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from profiles.authors import PROGRAM
from profiles.page.shell.visitors import Role
from tests.cli.conversation import converse
from tests.cli.typed import typed
from worker.database import make_engine
from worker.migrate import migrate
from worker.web import tables
from worker.web.accounts import AccountError, Accounts
from worker.web.attempts import MOST_PER_NAME, WINDOW, Attempts, counted_address
from worker.web.links import Links
from worker.web.passwords import PasswordUnfit
from worker.web.sessions import Sessions, Via

NOW = 1_795_521_600_000
GOOD = "correct horse battery"


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = make_engine(database)
    migrate(made)
    yield made
    made.dispose()


def test_the_commands_add_show_change_and_remove_an_account(tmp_path: Path) -> None:
    secret = tmp_path / "ada.txt"
    secret.write_text(f"{GOOD}\n")

    added = typed("admin", "add", "Ada", "--role", "admin", "--password-file", str(secret), home=tmp_path / "state")
    assert (added.returncode, added.stdout) == (0, "“Ada” may log in as admin.\n")
    again = typed("admin", "add", "ADA", "--role", "viewer", "--without-password", home=tmp_path / "state")
    assert (again.returncode, again.stderr) == (1, "runmail: there is an account “ADA” already\n")
    (shown,) = json.loads(typed("admin", "list", "--json", home=tmp_path / "state").stdout)
    assert (shown["name"], shown["role"], shown["has_password"]) == ("Ada", "admin", True)
    secret.write_text("another good one")
    changed = typed("admin", "set-password", "ada", "--password-file", str(secret), home=tmp_path / "state")
    assert changed.returncode == 0
    removed = typed("admin", "remove", "ada", home=tmp_path / "state")
    assert removed.returncode == 0
    assert "web --link" in removed.stderr
    assert json.loads(typed("admin", "list", "--json", home=tmp_path / "state").stdout) == []
    unknown = typed("admin", "set-password", "ada", "--password-file", str(secret), home=tmp_path / "state")
    assert (unknown.returncode, unknown.stderr) == (1, "runmail: there is no account “ada”: see `runmail admin list`\n")


def test_nobody_to_ask_and_a_password_that_is_too_short_are_refused(tmp_path: Path) -> None:
    unasked = typed("admin", "add", "ada", "--role", "admin", home=tmp_path)
    assert (unasked.returncode, "--password-file or --password-stdin" in unasked.stderr) == (2, True)
    (tmp_path / "short").write_text("ninechars")
    short = typed("admin", "add", "ada", "--role", "admin", "--password-file", str(tmp_path / "short"), home=tmp_path)
    assert (short.returncode, short.stderr) == (1, "runmail: the password is too short: at least 10 characters\n")


def test_a_person_types_the_password_twice_unseen(tmp_path: Path) -> None:
    answers = {"Password for ada, at least 10 characters: !": GOOD, "The same password once more: !": GOOD}
    code, screen = converse("admin", "add", "ada", "--role", "admin", home=tmp_path, answers=answers)

    assert code == 0, screen
    assert GOOD not in screen


def test_only_a_hash_is_kept(engine: Engine) -> None:
    accounts = Accounts(engine, lambda: NOW)
    made = accounts.add("ada", Role.ADMIN, GOOD, by=PROGRAM)
    token = Sessions(engine, lambda: NOW).open(made, Via.PASSWORD, "192.0.2.1")
    assert token is not None
    Attempts(engine, lambda: NOW).begin("my password, by mistake", "192.0.2.1")

    with engine.connect() as connection:
        kept = "".join(
            str(connection.execute(text(f"SELECT * FROM {name}")).all())
            for name in ("web_account", "web_session", "web_attempt", "web_account_deed")
        )
    assert "$argon2id$" in kept
    for secret in (GOOD, token, "by mistake"):
        assert secret not in kept


def test_a_password_is_its_accounts_alone_and_none_is_right_without_one(engine: Engine) -> None:
    accounts = Accounts(engine, lambda: NOW)
    accounts.add("ada", Role.ADMIN, "Zoë's long one", by=PROGRAM)
    accounts.add("proxied", Role.VIEWER, None, by=PROGRAM)

    # The same letters as another keyboard writes them.
    assert accounts.check("ADA", "Zoe\u0308's long one") is not None
    assert accounts.check("ada", "Zoe's long one") is None
    assert accounts.check("proxied", "") is None
    assert accounts.check("nobody", "") is None
    for wrong in ("", "x" * 2000):
        with pytest.raises(PasswordUnfit):
            accounts.add("eve", Role.ADMIN, wrong, by=PROGRAM)
    for name in ("", "  ", "a\nb", "x" * 65):
        with pytest.raises(AccountError):
            accounts.add(name, Role.ADMIN, GOOD, by=PROGRAM)


def test_no_session_begins_for_an_account_that_changed_while_its_password_was_checked(engine: Engine) -> None:
    clock = iter(range(NOW, NOW + 100))
    accounts, sessions = Accounts(engine, lambda: next(clock)), Sessions(engine, lambda: NOW)
    before = accounts.add("ada", Role.ADMIN, GOOD, by=PROGRAM)
    accounts.set_password("ada", "another good one", by=PROGRAM)
    assert sessions.open(before, Via.PASSWORD, "192.0.2.1") is None
    after = accounts.find("ada")
    assert after is not None
    accounts.remove("ada", by=PROGRAM)
    assert sessions.open(after, Via.PASSWORD, "192.0.2.1") is None


def test_of_many_attempts_at_once_no_more_than_the_limit_count(engine: Engine) -> None:
    attempts, begun = Attempts(engine, lambda: NOW), []
    threads = [
        threading.Thread(target=lambda: begun.append(attempts.begin("ada", "192.0.2.1")))
        for _ in range(MOST_PER_NAME + 6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([number for number in begun if number is not None]) <= MOST_PER_NAME
    later = Attempts(engine, lambda: NOW + WINDOW + 1)
    assert later.begin("ada", "192.0.2.1") is not None


def test_refused_attempts_do_not_prolong_the_wait(engine: Engine) -> None:
    at = [NOW]
    attempts = Attempts(engine, lambda: at[0])
    for _ in range(MOST_PER_NAME):
        assert attempts.begin("ada", "192.0.2.1") is not None
    for _ in range(20):
        at[0] += 30_000
        assert attempts.begin("ada", "192.0.2.1") is None
    at[0] = NOW + WINDOW + 1
    assert attempts.begin("ada", "192.0.2.1") is not None


def test_a_link_that_two_use_at_once_lets_one_in(engine: Engine) -> None:
    links = Links(engine, Accounts(engine, lambda: NOW), lambda: NOW)
    token = links.make("root by link")
    assert token is not None
    used: list[str | None] = []
    threads = [threading.Thread(target=lambda: used.append(links.use(token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(used, key=str) == [None] * 7 + ["root by link"]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_customers_whole_network_counts_as_one_address(address: str, counted: str) -> None:
    assert counted_address(address) == counted


def test_the_migration_makes_the_tables_that_the_program_has(engine: Engine) -> None:
    ours = {name for name in SQLModel.metadata.tables if name.startswith("web_")}
    assert {tables.AccountRow.__tablename__, tables.LinkRow.__tablename__} <= ours
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        told = [str(each) for each in compare_metadata(context, SQLModel.metadata)]
    assert [each for each in told if "web_" in each] == []
