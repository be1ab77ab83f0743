"""The store of profiles on PostgreSQL: the same rows, and two admins at once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel

from profiles.errors import CredentialNeeded, ProfileExists
from profiles.last_test import LastTest
from profiles.profile import Limits, Profile
from profiles.sealing import Keyring
from profiles.store import Credentials, Draft, ProfileStore, now_milliseconds
from tests.rig.postgresql import PostgreSql
from worker.database import make_engine

pytestmark = [pytest.mark.real("postgresql"), pytest.mark.xdist_group("postgresql")]

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")


@pytest.fixture
def engine(postgresql: PostgreSql) -> Iterator[Engine]:
    engine = make_engine(postgresql.make(f"t{secrets.token_hex(6)}"))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_a_profile_comes_back_as_it_was_kept(engine: Engine, keyring: Keyring, draft: Profile) -> None:
    store = ProfileStore(engine, keyring)
    kept = store.add(replace(draft, from_name="QA älerts", limits=Limits(3, 30, 1000)), BOTH)
    assert store.by_name("QA alerts") == kept
    assert store.credential(kept, "imap") == "sesame-in"
    now = now_milliseconds()
    store.record_test(kept.id, "smtp", LastTest(now, "recipient", None, now + 1))
    assert store.last_tests()[kept.id]["smtp"] == LastTest(now, "recipient", None, now + 1)


def test_a_draft_that_cannot_be_kept_takes_the_others_back(engine: Engine, keyring: Keyring, draft: Profile) -> None:
    store = ProfileStore(engine, keyring)
    with pytest.raises(CredentialNeeded):
        store.save([Draft(draft, BOTH), Draft(replace(draft, name="Two"))])
    assert store.all() == []


def test_of_two_admins_who_take_one_name_at_once_one_is_told(engine: Engine, keyring: Keyring, draft: Profile) -> None:
    both_have_looked = threading.Barrier(2, timeout=20)

    def now() -> int:
        both_have_looked.wait()  # the store asks for the time after it has seen that the name is free
        return 1_000

    outcomes: list[str] = []

    def add() -> None:
        try:
            ProfileStore(engine, keyring, now).add(draft, BOTH)
            outcomes.append("kept")
        except ProfileExists:
            outcomes.append("exists")

    admins = [threading.Thread(target=add) for _ in range(2)]
    for admin in admins:
        admin.start()
    for admin in admins:
        admin.join()
    assert sorted(outcomes) == ["exists", "kept"]
    assert len(ProfileStore(engine, keyring).all()) == 1
