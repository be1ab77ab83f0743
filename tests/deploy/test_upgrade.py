"""An upgrade with workers running: the released program of before and this one share a database and a queue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect

from tests.deploy.test_prune import grow_old
from tests.rig.spine import Spine, run_finished
from worker import revisions
from worker.database import make_engine
from worker.migrate import configuration

ROOT = Path(__file__).parent.parent.parent
#: Every released schema, by the commit that was released with it.
RELEASED = {"0001": "107f691"}


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program as it was released with the first schema."""
    folder = tmp_path_factory.mktemp("released")
    archive = folder / "released.tar"
    with archive.open("wb") as out:
        subprocess.run(["git", "archive", RELEASED["0001"]], cwd=ROOT, stdout=out, check=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "program", filter="data")
    return folder / "program"


def old_environment(spine: Spine, program: Path) -> dict[str, str]:
    return {**spine.environment(), "PYTHONPATH": str(program)}


def run_old(spine: Spine, program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *arguments],
        cwd=program,
        env=old_environment(spine, program),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def start_old(spine: Spine, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with open(spine.home / f"old-{arguments[0]}.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli.main", *arguments],
            cwd=program,
            env=old_environment(spine, program),
            stdout=log,
            stderr=log,
        )
    spine.stack.append(process.wait)
    spine.stack.append(process.kill)
    return process


def empty(spine: Spine) -> None:
    """Throw away the tables that the spine made."""
    found = MetaData()
    found.reflect(spine.ground.engine)
    found.drop_all(spine.ground.engine)
    spine.ground.engine.dispose()


@pytest.mark.real("history")
def test_workers_of_the_released_program_go_on_while_this_one_migrates_and_joins(
    spine: Spine, database: str, released: Path
) -> None:
    empty(spine)
    before = json.loads(run_old(spine, released, "migrate", "--json"))
    assert before == {"before": None, "after": "0001"}
    add_profile(spine, released)
    old = [start_old(spine, released, "worker"), start_old(spine, released, "clock")]
    spine.publish(*(run_finished(f"old-{number}", "a@example.com", "b@example.com") for number in range(15)))
    spine.server.wait_for(30, seconds=60)

    assert spine.run("migrate", "--check").returncode == 1
    spine.publish(*(run_finished(f"during-{number}") for number in range(20)))
    migrated = json.loads(spine.run("migrate", "--json").stdout)
    assert migrated == {"before": "0001", "after": revisions.newest()}
    assert spine.run("migrate", "--check").returncode == 0
    # The old program alone on the new schema: its statements still fit.
    spine.publish(*(run_finished(f"old-on-new-{number}") for number in range(20)))
    spine.server.wait_for(70, seconds=60)

    spine.start("worker")
    spine.start("clock")
    spine.publish(*(run_finished(f"both-{number}") for number in range(40)))
    # Published before and again: still one event, whichever program meets it.
    spine.publish(*(run_finished(f"old-{number}", "a@example.com", "b@example.com") for number in range(15)))
    spine.server.wait_for(110, seconds=60)
    for process in old:
        process.terminate()
        assert process.wait(60) == 0
    spine.publish(*(run_finished(f"new-{number}") for number in range(20)))

    spine.settled(sent=130)
    sent = [(mail.recipients, event_id(mail.message)) for mail in spine.server.transactions]
    assert len(sent) == len(set(sent)) == 130
    audit = json.loads(spine.run("audit", "--json").stdout)
    assert (audit["balanced"], audit["accepted"], audit["maybe_twice"]) == (True, 115, 0)
    # And what the old program wrote can be pruned, replayed and shown by this one.
    grow_old(spine)
    assert json.loads(spine.run("prune", "--older-than", "90d", "--json").stdout)["events"] == 115


def event_id(message: bytes) -> str:
    return message.split(b"X-Runmail-Event: ")[1].split(b"\r\n")[0].decode()


def add_profile(spine: Spine, program: Path) -> None:
    """Seed a profile with the old program: this one's tables may have more columns."""
    file = spine.home / "profiles.toml"
    file.write_text(
        f'[[profile]]\nname = "QA alerts"\nfrom = "qa@example.com"\n'
        f'[profile.smtp]\nhost = "{spine.server.host}"\nport = {spine.server.port}\nsecurity = "none"\n'
    )
    run_old(spine, program, "profiles", "seed", str(file))


def test_every_released_schema_is_still_on_the_way_to_the_newest() -> None:
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))
    way = [script.revision for script in scripts.walk_revisions()]

    assert set(RELEASED) <= set(way)
    assert len(scripts.get_heads()) == 1


def test_the_names_of_the_files_tell_what_alembic_reads_in_them() -> None:
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))

    assert scripts.get_heads() == [revisions.newest()]
    assert [script.revision for script in scripts.walk_revisions()] == revisions.known()[::-1]


def test_the_table_of_the_revision_is_alembics(database: str) -> None:
    engine = make_engine(database)
    with engine.connect() as connection, connection.begin():
        asked = MigrationContext.configure(connection)
        assert (revisions.read_revision(connection), asked.get_current_revision()) == (None, None)
        for revision in revisions.known():
            command.upgrade(configuration(connection), revision)
            assert revisions.read_revision(connection) == asked.get_current_revision() == revision
    engine.dispose()


def test_migrations_only_add(database: str) -> None:
    """An older program must run beside a newer database: nothing it knows goes, nothing new is asked of it."""
    engine = make_engine(database)
    tables: dict[str, dict[str, str]] = {}
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))
    for script in reversed(list(scripts.walk_revisions())):
        with engine.connect() as connection, connection.begin():
            command.upgrade(configuration(connection), script.revision)
        found = {}
        examined = inspect(engine)
        for table in examined.get_table_names():
            columns = examined.get_columns(table)
            found[table] = {column["name"]: str(column["type"]) for column in columns}
            for column in columns if table in tables else []:
                if column["name"] not in tables[table]:
                    has_default = column["nullable"] or column["default"] is not None
                    assert has_default, f"{script.revision}: {table}.{column['name']} needs a server_default"
        for table, columns_before in tables.items():
            assert columns_before.items() <= found[table].items(), f"{script.revision} changes {table}"
        tables = found
    engine.dispose()


def test_two_migrations_at_once_are_one(database: str, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")},
        "RUNMAIL_HOME": str(tmp_path),
        "RUNMAIL_DATABASE_URL": database,
    }
    command = [sys.executable, "-m", "worker.cli.main", "migrate", "--json"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(process.communicate(timeout=60)[0])["before"] for process in both]

    assert sorted(said, key=str) == sorted([None, revisions.newest()], key=str)


def test_check_says_whether_a_migration_is_due_and_changes_nothing(tmp_path: Path, spine: Spine) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    before = spine.run("migrate", "--check", RUNMAIL_DATABASE_URL=other)
    assert (before.returncode, before.stdout) == (1, "The database has no tables yet: run `runmail migrate`.\n")
    assert inspect(create_engine(other)).get_table_names() == []
    due = json.loads(spine.run("migrate", "--check", "--json", RUNMAIL_DATABASE_URL=other).stdout)
    assert due == {"current": None, "newest": revisions.newest(), "due": True}

    after = spine.run("migrate", "--check")
    assert (after.returncode, after.stdout) == (0, f"The database is up to date ({revisions.newest()}).\n")


def test_a_database_of_a_newer_program_is_left_alone(spine: Spine) -> None:
    with spine.ground.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    done = spine.run("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert "newer (9999) than this program, which works beside it" in done.stdout
    assert json.loads(spine.run("migrate", "--json").stdout) == {"before": "9999", "after": "9999"}
    assert spine.run("migrate", "--check").returncode == 0
    assert spine.run("deliveries", "list").returncode == 0
