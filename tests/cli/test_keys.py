"""Replacing a secret key as an operator does it, killed on the way, with the key file and with the variable."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlmodel import select

from profiles.errors import KeyringInvalid
from profiles.profile import Profile, Security, SmtpSettings
from profiles.resealing import key_use
from profiles.rows import columns, place, to_profile
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from profiles.tables import ProfileRow
from tests.cli.test_operator_commands import document
from tests.cli.typed import typed
from tests.rig.waiting import wait_until
from worker.ground import Ground, lay_ground
from worker.key_file import add_key, new_key, remove_key
from worker.migrate import migrate
from worker.settings import Settings

PASSWORD = "not-a-secret"
#: Enough that sealing them takes seconds, and noticing that it has begun far less.
MANY = 1500


def filled(home: Path, count: int) -> Ground:
    """Keep so many profiles with a password in the embedded database."""
    ground = lay_ground(Settings(home=home))
    migrate(ground.engine)
    smtp = SmtpSettings("smtp.example.com", 465, Security.TLS, "qa@example.com")
    rows = []
    for number in range(1, count + 1):
        profile = Profile(number, f"P{number}", "qa@example.com", smtp)
        where = place(profile, "smtp")
        assert where is not None
        sealed = ground.keyring.seal(PASSWORD, where)
        rows.append({**columns(profile), "id": number, "smtp_sealed": sealed, "created_at": 1, "updated_at": 1})
    with ground.engine.begin() as connection:
        connection.execute(insert(ProfileRow), rows)
    return ground


def passwords(store: ProfileStore) -> set[str]:
    """Open every password with the configured keys."""
    with store.reading() as session:
        rows = session.exec(select(ProfileRow)).all()
        wheres = [place(to_profile(row), "smtp") for row in rows]
        return {
            store.keyring.open(row.smtp_sealed or b"", where)
            for row, where in zip(rows, wheres, strict=True)
            if where is not None
        }


def with_configured_keys(home: Path) -> ProfileStore:
    return lay_ground(Settings(home=home)).profiles


def test_killed_on_the_way_every_password_is_readable_and_the_next_run_finishes(tmp_path: Path) -> None:
    ground = filled(tmp_path, MANY)
    old = ground.keyring.newest
    made = document(typed("keys", "new", "--json", home=tmp_path))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.cli.main", "keys", "rotate"],
        env={**kept, "RUNMAIL_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    store = with_configured_keys(tmp_path)
    wait_until(lambda: key_use(store).credentials.get(made["id"], 0) > 3, 90)
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL, "it was killed before it could finish"

    half = key_use(store).credentials
    assert half[old] > 0
    assert sum(half.values()) == MANY
    assert passwords(store) == {PASSWORD}

    rest = document(typed("keys", "rotate", "--json", home=tmp_path))
    assert (rest["resealed"], rest["waiting"], rest["unused"]) == (half[old], 0, [old])
    assert document(typed("keys", "remove", old, "--json", home=tmp_path)) == {"removed": old}
    assert passwords(with_configured_keys(tmp_path)) == {PASSWORD}


def test_a_dry_run_counts_and_a_key_in_use_is_not_removed(tmp_path: Path) -> None:
    old = filled(tmp_path, 2).keyring.newest
    typed("keys", "new", home=tmp_path)

    assert "2 passwords would be sealed anew" in typed("keys", "rotate", "--dry-run", home=tmp_path).stdout
    refused = typed("keys", "remove", old, home=tmp_path)
    assert (refused.returncode, "still seals 2 passwords" in refused.stderr) == (1, True)
    assert "may be removed" in typed("keys", "rotate", home=tmp_path).stdout


def test_with_the_variable_set_the_new_entry_is_printed_and_nothing_is_written(tmp_path: Path) -> None:
    key = f"k1:{base64.b64encode(bytes(32)).decode()}"
    done = typed("keys", "new", home=tmp_path, RUNMAIL_SECRET_KEYS=key)

    (entry,) = done.stdout.splitlines()
    assert Keyring.parse(f"{entry},{key}").ids[1] == "k1"
    assert "in front" in done.stderr
    assert key not in done.stdout + done.stderr
    assert not (tmp_path / "secret-keys").exists()
    assert typed("keys", "remove", "k1", home=tmp_path, RUNMAIL_SECRET_KEYS=key).returncode == 2


def test_the_key_file_is_changed_whole_and_stays_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    added = [new_key() for _ in range(8)]
    threads = [threading.Thread(target=add_key, args=(settings, key)) for key in added]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    file = tmp_path / "secret-keys"
    ids = Keyring.parse(file.read_text()).ids
    assert {key.id for key in added} < set(ids), "none of those who wrote at once is lost"
    assert file.stat().st_mode & 0o777 == 0o600
    remove_key(settings, ids[-1])
    assert Keyring.parse(file.read_text()).ids == ids[:-1]
    with pytest.raises(KeyringInvalid, match="is the first"):
        remove_key(settings, ids[0])
    with pytest.raises(KeyringInvalid, match="there is no key “kx”"):
        remove_key(settings, "kx")


def test_a_key_does_not_show_itself() -> None:
    key = new_key()
    assert key.entry.partition(":")[2] not in repr(key)
