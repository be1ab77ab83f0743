"""The doctor finds each fault on a system that really has it, and says what to do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import text, update

from consumers.ledger.tables import deliveries, events
from profiles.last_test import LastTest
from profiles.store import Credentials
from tests.deploy.conftest import Started
from tests.deploy.redis_rig import one_server
from tests.deploy.test_prune import keep
from tests.rig.spine import Spine, run_finished
from worker.doctor import Finding, Surroundings, examine
from worker.settings import Settings


def found(spine: Spine, around: Surroundings | None = None, **settings: Any) -> dict[str, Finding]:
    """Return what the doctor finds, by subject."""
    given = {"home": spine.home, "broker_url": spine.broker_url, **settings}
    if "database_url" not in given:
        given["database_url"] = spine.ground.engine.url.render_as_string(hide_password=False)
    return {each.subject: each for each in examine(Settings(**given), around)}


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """A server whose configuration the tests of this file may change."""
    with one_server(tmp_path_factory.mktemp("redis"), "appendonly yes") as port:
        yield redis.Redis(port=port, decode_responses=True)


@pytest.fixture
def configured(own_redis: redis.Redis, spine: Spine) -> Iterator[Callable[..., dict[str, Finding]]]:
    """Change the server's configuration, look, and change it back."""
    before: Any = own_redis.config_get("*")
    changed: list[str] = []

    def look(**options: object) -> dict[str, Finding]:
        for name, value in options.items():
            changed.append(name.replace("_", "-"))
            own_redis.config_set(changed[-1], value)  # type: ignore[arg-type]
        port = own_redis.connection_pool.connection_kwargs["port"]
        return found(spine, broker_url=f"redis://127.0.0.1:{port}/0")

    yield look
    for name in changed:
        own_redis.config_set(name, before[name])
    own_redis.flushall()


def test_a_system_in_order_has_no_finding_but_ok(spine: Spine, configured: Callable[..., dict[str, Finding]]) -> None:
    spine.home.chmod(0o700)
    profile = spine.profile()
    spine.ground.profiles.record_test(profile.id, "smtp", LastTest(1, "noop", None, None))
    spine.clock().tick(take_back=False)

    findings = configured()
    assert findings.pop("secret keys").said == "a key file of this host with a shared database"
    assert {each.verdict for each in findings.values()} == {"ok"}, findings
    assert {"state folder", "disk", "database", "clock", "broker", "profile “QA alerts”"} == set(findings)


@pytest.mark.parametrize(
    ("options", "subject", "verdict", "said"),
    [
        ({"appendonly": "no"}, "broker persistence", "warning", "append-only file is off"),
        ({"appendfsync": "no"}, "broker persistence", "warning", "not flushed"),
        ({"maxmemory_policy": "allkeys-lru"}, "broker eviction", "warning", "allkeys-lru"),
        ({"maxmemory_policy": "volatile-ttl", "maxmemory": "1gb"}, "broker eviction", "wrong", "volatile-ttl"),
        ({"maxmemory": "1mb"}, "broker memory", "warning", "of maxmemory is used"),
    ],
)
def test_a_broker_that_may_lose_events_is_named(
    configured: Callable[..., dict[str, Finding]], options: dict[str, str], subject: str, verdict: str, said: str
) -> None:
    finding = configured(**options)[subject]

    assert finding.verdict == verdict
    assert said in finding.said
    assert finding.advice


def test_a_replica_is_told_from_a_master(configured: Callable[..., dict[str, Finding]], own_redis: redis.Redis) -> None:
    own_redis.replicaof("127.0.0.1", "1")
    try:
        finding = configured()["broker role"]
    finally:
        own_redis.replicaof("NO", "ONE")
    assert (finding.verdict, finding.said) == ("wrong", "a read-only replica")


def test_a_server_that_hides_its_configuration_is_examined_as_far_as_it_can_be(tmp_path: Path, spine: Spine) -> None:
    with one_server(tmp_path / "redis", 'rename-command CONFIG ""') as port:
        findings = found(spine, broker_url=f"redis://127.0.0.1:{port}/0")
    assert findings["broker"].verdict == "ok"
    assert findings["broker configuration"].verdict == "warning"


def test_a_login_that_is_refused_is_named_without_the_password(tmp_path: Path, spine: Spine) -> None:
    with one_server(tmp_path / "redis", "requirepass other") as port:
        finding = found(spine, broker_url=f"redis://:opensesame@127.0.0.1:{port}/0")["broker"]
    assert finding.verdict == "wrong"
    assert "refuses the login" in finding.said
    assert "opensesame" not in str(finding)


def test_an_address_that_is_none_is_named(spine: Spine) -> None:
    assert "is none that Redis knows" in found(spine, broker_url="http://x")["broker"].said
    assert "is none that" not in found(spine, broker_url="redis://127.0.0.1:1")["broker"].said
    assert found(spine, broker_url="redis://127.0.0.1:1")["broker"].verdict == "wrong"


@pytest.mark.parametrize(("seconds", "sign"), [(-30, "-30.0"), (30, "+30.0")])
def test_a_clock_that_differs_is_named(spine: Spine, seconds: int, sign: str) -> None:
    finding = found(spine, Surroundings(now=lambda: time.time() + seconds))["clock skew"]

    assert finding.verdict == "warning"
    assert finding.said.startswith(sign[:-2])


@pytest.mark.parametrize(("free", "verdict"), [(400 * 2**20, "wrong"), (2**30, "warning"), (3 * 2**30, "ok")])
def test_a_disk_that_fills_is_named_before_it_is_full(spine: Spine, free: int, verdict: str) -> None:
    assert found(spine, Surroundings(free_bytes=lambda _: free))["disk"].verdict == verdict


def test_sqlite_on_a_network_file_system_is_wrong(spine: Spine) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/x {spine.home} nfs4 rw 0 0\nbroken"
    findings = list(examine(Settings(home=spine.home), Surroundings(mounts=lambda: mounts)))
    assert [each.verdict for each in findings if "network file system (nfs4)" in each.said] == ["wrong"]

    findings = list(examine(Settings(home=spine.home), Surroundings(mounts=lambda: "/dev/sda / ext4 rw 0 0\n")))
    assert not [each for each in findings if "network file system" in each.said]


def test_a_state_folder_that_others_may_read_is_named(spine: Spine) -> None:
    spine.home.chmod(0o755)
    assert found(spine)["state folder"].advice == f"run `chmod 700 {spine.home}`"
    assert found(spine, home=Path("/proc/nowhere"))["state folder"].verdict == "wrong"


def test_a_mistyped_setting_is_named(spine: Spine) -> None:
    around = Surroundings(environment={"RUNMAIL_BROKER_ULR": "x", "RUNMAIL_PROFILE": "of a pipeline", "HOME": "/"})

    finding = found(spine, around)["settings"]
    assert (finding.said, finding.advice) == (
        "RUNMAIL_BROKER_ULR is no setting",
        "RUNMAIL_BROKER_URL is probably meant",
    )


def test_keys_that_are_missing_or_only_of_this_host_are_named(spine: Spine) -> None:
    assert found(spine)["secret keys"].advice.startswith("every host needs the same keys")
    assert found(spine, secret_keys="nonsense")["secret keys"].verdict == "wrong"
    profile = spine.profile(name="draft")
    smtp = replace(profile.smtp, username="qa")
    spine.ground.profiles.add(replace(profile, name="Sealed", smtp=smtp), Credentials("opensesame"))
    other = "k1:" + "A" * 43 + "="
    finding = found(spine, secret_keys=other)["profile “Sealed”"]
    assert finding.verdict == "wrong"
    assert "opensesame" not in str(finding)


def test_a_database_that_is_not_migrated_or_does_not_answer_is_named(spine: Spine, tmp_path: Path) -> None:
    assert found(spine, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}")["database"].said == "has no tables yet"
    finding = found(spine, database_url="postgresql://u:opensesame@127.0.0.1:1/d")["database"]
    assert finding.verdict == "wrong"
    assert "opensesame" not in str(finding)
    with spine.ground.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert found(spine)["database"].advice == "upgrade the program"
    with spine.ground.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert found(spine)["database"].advice == "run `runmail migrate`"


def test_postgresql_that_may_lose_what_it_took_is_named(database: str, spine: Spine) -> None:
    assert found(spine)["database"].verdict == "ok"
    if spine.ground.engine.dialect.name == "sqlite":
        return
    assert "database durability" not in found(spine)
    with spine.ground.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'ALTER DATABASE "{spine.ground.engine.url.database}" SET synchronous_commit = off'))
    assert found(spine)["database durability"].verdict == "warning"


def test_mail_that_nobody_sends_is_named_with_its_age(spine: Spine, database: str) -> None:
    assert found(spine)["clock"].advice.startswith("start `runmail clock`")
    keep(spine.ground.engine, "pending")
    keep(spine.ground.engine, event="accepted")
    keep(spine.ground.engine, "uncertain")
    keep(spine.ground.engine, event="quarantined")
    two_minutes_ago = round((time.time() - 120) * 1000)
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).values(due_at=two_minutes_ago))
        connection.execute(update(events).values(recorded_at=two_minutes_ago))

    findings = found(spine)
    assert findings["mail"].said == "1 mails are due, the oldest for 2 min"
    assert findings["planning"].said == "1 events have no plan, the oldest for 2 min"
    assert findings["uncertain mail"].said == "1 deliveries wait for a person"
    assert findings["quarantine"].said == "1 events wait for a person"


def test_events_that_nobody_accepts_are_named_with_their_age(spine: Spine) -> None:
    spine.publish(run_finished("run-1"), run_finished("run-2"))
    assert "queue" not in found(spine)

    later = Surroundings(now=lambda: time.time() + 180)
    assert found(spine, later)["queue"].said == "2 events wait to be accepted, the oldest for 3 min"
    redis.Redis.from_url(spine.broker_url).flushdb()
    spine.push("1", b"garbage")
    assert "queue" not in found(spine, later)


def test_a_profile_that_fails_or_is_off_or_whose_certificate_ends_is_named(spine: Spine) -> None:
    profile = spine.profile()
    subject = "profile “QA alerts”"
    now = round(time.time() * 1000)
    spine.ground.profiles.record_test(profile.id, "smtp", LastTest(now, "connect", "refused", None))
    assert found(spine)[subject].verdict == "wrong"
    spine.ground.profiles.record_test(profile.id, "smtp", LastTest(now, "noop", None, now + 5 * 86_400_000 + 1000))
    assert "the SMTP server's certificate ends on" in found(spine)[subject].said
    spine.ground.profiles.update(replace(profile, enabled=False))
    spine.ground.profiles.record_test(profile.id, "smtp", LastTest(now, "noop", None, None))
    assert (found(spine)[subject].verdict, found(spine)[subject].said) == ("warning", "it is switched off")


def test_the_exit_code_says_whether_something_is_wrong(spine: Spine, started: Started) -> None:
    spine.home.chmod(0o700)
    ill = started.run("doctor", "--json", RUNMAIL_BROKER_URL="redis://127.0.0.1:1", RUNMAIL_DATABASE_URL="")
    assert ill.returncode == 1
    assert {"subject", "verdict", "said", "advice"} == set(json.loads(ill.stdout)[0])
    warned = spine.run("doctor")
    assert (warned.returncode, warned.stderr) == (0, "")
    assert "No email profiles configured" in warned.stdout
    assert spine.run("doctor", "--strict").returncode == 1
    assert not [path for path in spine.home.rglob("*") if path.stat().st_uid != os.geteuid()]
