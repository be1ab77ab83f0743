"""An admin changes, rotates, switches, renames and removes profiles, as it is typed."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from profiles.authors import Author
from profiles.drafts import Credentials
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import ProfileStore
from tests.cli.conversation import converse
from tests.cli.test_operator_commands import document
from tests.cli.typed import typed
from tests.rig.authority import Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import Spine, run_finished
from worker.cli.author import author
from worker.ground import lay_ground
from worker.migrate import migrate
from worker.settings import Settings

PASSWORD = "not-a-secret"


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    """Profiles in the embedded database of the home that the commands use."""
    ground = lay_ground(Settings(home=tmp_path))
    migrate(ground.engine)
    return ground.profiles


@pytest.fixture
def server(start_smtp_server: StartSmtpServer, authority: Authority) -> FaultySmtpServer:
    """A server with TLS that knows one user and one password."""
    users = {"qa@example.com": PASSWORD}
    return start_smtp_server(security="tls", context=authority.server_context(), users=users, faults=[])


def keep(store: ProfileStore, server: FaultySmtpServer, authority: Authority, password: str = PASSWORD) -> Profile:
    smtp = SmtpSettings("localhost", server.port, Security.TLS, "qa@example.com", str(authority.ca_file))
    profile = Profile(0, "QA alerts", "qa@example.com", smtp, recipients=("team@example.com",), note="ask Ada")
    return store.add(profile, Credentials(smtp=password))


def plain(store: ProfileStore, name: str = "QA alerts", **more: Any) -> Profile:
    smtp = SmtpSettings("smtp.example.com", 465, Security.TLS, "qa@example.com")
    return store.add(Profile(0, name, "qa@example.com", smtp, **more), Credentials(smtp=PASSWORD, imap=PASSWORD))


def test_settings_are_changed_and_taken_away_by_options(tmp_path: Path, store: ProfileStore) -> None:
    plain(store, reply_to="answers@example.com", note="ask Ada")
    arguments = ("--per-minute", "30", "--recipient", "a@x.org", "--unset", "reply-to", "--unset", "note")
    done = document(typed("profiles", "edit", "QA alerts", *arguments, "--json", home=tmp_path))

    assert done["changed"] == ["recipients", "reply_to", "note", "limits.per_minute"]
    after = store.exact("QA alerts")
    assert (after.recipients, after.reply_to, after.note, after.limits.per_minute) == (("a@x.org",), None, "", 30)
    assert store.credential(after, "smtp") == PASSWORD
    (_, entry) = store.history("QA alerts")
    assert (entry.action, entry.author.via) == ("edit", "cli")
    assert entry.author.who.startswith(pwd.getpwuid(os.getuid()).pw_name)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to change"),
        (("--unset", "reply"), "did you mean reply_to?"),
        (("--unset", "smtp.host"), "smtp.host: is missing"),
        (("--failover", "Gone"), "failover: there is no profile “Gone”"),
        (("--failover", "Spare"), "failover: goes in a circle (QA alerts → Spare → QA alerts)"),
        (("--credential-expires", "soon"), "credential_expires: must be a date such as 2026-12-31"),
        (("--templates", "../etc"), "templates: must be a name"),
        (("--imap-password-env", "P"), "has no IMAP user"),
        (("--smtp-host", "evil.example.org"), "needs a password: --smtp-password-file"),
        (("--region", "eu"), "--region belongs to --preset"),
    ],
)
def test_what_is_wrong_with_a_change_is_named_and_nothing_is_changed(
    tmp_path: Path, store: ProfileStore, arguments: tuple[str, ...], says: str
) -> None:
    before = plain(store)
    plain(store, "Spare", failover="QA alerts")
    done = typed("profiles", "edit", "QA alerts", *arguments, home=tmp_path)

    assert done.returncode == 2
    assert says in done.stderr
    assert store.exact("QA alerts") == before


def test_a_changed_server_is_tested_with_its_new_password_before_it_is_saved(
    tmp_path: Path, store: ProfileStore, server: FaultySmtpServer, authority: Authority
) -> None:
    before = keep(store, server, authority)
    arguments = ("--smtp-host", "127.0.0.1", "--smtp-password-env", "P", "--test")

    failed = typed("profiles", "edit", "QA alerts", *arguments, home=tmp_path, P="wrong")
    assert (failed.returncode, "✗ authenticate" in failed.stdout) == (1, True)
    assert "must be given again, because host changes" not in failed.stderr, "it was given"
    assert store.exact("QA alerts") == before

    done = document(typed("profiles", "edit", "QA alerts", *arguments, "--json", home=tmp_path, P=PASSWORD))
    assert (done["changed"], done["tested"]) == (["smtp.host", "smtp.password"], True)
    assert store.last_tests()[before.id]["smtp"].passed


def test_a_preset_changes_the_server_and_the_port_follows_the_security(tmp_path: Path, store: ProfileStore) -> None:
    plain(store)
    typed(
        "profiles", "edit", "QA alerts", "--smtp-security", "starttls", "--smtp-password-env", "P", home=tmp_path, P="x"
    )
    assert store.exact("QA alerts").smtp.port == 587

    done = typed(
        *("profiles", "edit", "QA alerts", "--preset", "ses", "--region", "us-east-1", "--per-day", "9"),
        *("--smtp-password-env", "P"),
        home=tmp_path,
        P="x",
    )
    assert "SMTP credentials" in done.stderr
    after = store.exact("QA alerts")
    assert (after.smtp.host, after.limits.per_minute, after.limits.per_day) == (
        "email-smtp.us-east-1.amazonaws.com",
        60,
        9,
    )


def test_questions_propose_what_is_there_and_the_test_is_offered(
    tmp_path: Path, store: ProfileStore, server: FaultySmtpServer, authority: Authority
) -> None:
    before = keep(store, server, authority)
    answers = {
        "Sender (address, or Name <address>) [qa@example.com]": "QA <qa@example.com>",
        "none) [team@example.com]": "-",
        "SMTP server [localhost]": "",
        "SMTP security (tls, starttls, none) [tls]": "",
        f"SMTP port [{server.port}]": "",
        "[qa@example.com]:": "",
        "Read replies over IMAP?": "",
        "Test before saving?": "",
    }
    code, screen = converse("profiles", "edit", "QA alerts", home=tmp_path, answers=answers)

    assert (code, "✓ recipient" in screen) == (0, True), screen
    assert "is changed: from, recipients." in screen
    after = store.get(before.id)
    assert (after.from_name, after.recipients, after.note, after.smtp) == ("QA", (), "ask Ada", before.smtp)


def test_a_changed_user_is_asked_for_the_password_unseen(
    tmp_path: Path, store: ProfileStore, server: FaultySmtpServer, authority: Authority
) -> None:
    keep(store, server, authority)
    answers = {"SMTP password for other@example.com!": "typed", "Test before saving?": "y", "Save all the same?": "n"}
    code, screen = converse(
        "profiles", "edit", "QA alerts", "--smtp-username", "other@example.com", home=tmp_path, answers=answers
    )

    assert code == 1
    assert "because username changes" in screen
    assert "typed" not in screen
    assert store.exact("QA alerts").smtp.username == "qa@example.com"


def test_a_new_password_that_fails_its_test_leaves_the_old_one_unless_forced(
    tmp_path: Path, store: ProfileStore, server: FaultySmtpServer, authority: Authority
) -> None:
    profile = keep(store, server, authority, password="old")

    def turn(password: str, *more: str) -> Any:
        return typed("profiles", "rotate", "QA alerts", "--password-env", "P", *more, home=tmp_path, P=password)

    failed = turn("wrong")
    assert failed.returncode == 1
    assert "the old password stays" in failed.stderr
    assert "authentication_refused" in failed.stderr
    assert store.credential(profile, "smtp") == "old"
    assert document(turn("wrong", "--force", "--json"))["kept"] is True
    assert store.credential(profile, "smtp") == "wrong"

    done = turn(PASSWORD, "--expires", "2027-01-31")
    assert (done.returncode, "is replaced" in done.stdout) == (0, True)
    after = store.exact("QA alerts")
    assert (store.credential(after, "smtp"), str(after.credential_expires)) == (PASSWORD, "2027-01-31")
    assert store.last_tests()[profile.id]["smtp"].passed
    assert all(word not in done.stdout + done.stderr + failed.stderr for word in (PASSWORD, "wrong"))


def test_of_two_passwords_it_must_be_said_which(tmp_path: Path, store: ProfileStore) -> None:
    plain(store, imap=ImapSettings("imap.example.com", 993, Security.TLS, "qa@example.com"))

    done = typed("profiles", "rotate", "QA alerts", "--password-env", "P", home=tmp_path, P="x")
    assert (done.returncode, "--smtp, --imap or --both" in done.stderr) == (2, True)
    done = typed("profiles", "rotate", "QA alerts", "--smtp", "--expires", "soon", home=tmp_path)
    assert (done.returncode, "must be a date" in done.stderr) == (2, True)


def test_a_profile_is_removed_when_a_person_says_so(tmp_path: Path, store: ProfileStore) -> None:
    plain(store)
    assert typed("profiles", "remove", "QA alerts", home=tmp_path).returncode == 2

    code, screen = converse("profiles", "remove", "QA alerts", home=tmp_path, answers={"for good?": "n"})
    assert (code, "nothing was removed" in screen) == (1, True)
    code, screen = converse("profiles", "remove", "QA alerts", home=tmp_path, answers={"for good?": "y"})
    assert (code, "“QA alerts” is removed." in screen) == (0, True)
    assert store.all() == []
    last = document(typed("profiles", "history", "QA alerts", "--json", home=tmp_path))[-1]
    assert (last["action"], last["changes"]["smtp.host"]) == ("remove", ["smtp.example.com", None])


def test_an_export_is_seeded_back_to_no_change(tmp_path: Path, store: ProfileStore) -> None:
    plain(store, note='a "note"\nof two lines')
    plain(store, "Spare")
    exported = typed("profiles", "export", home=tmp_path)
    assert PASSWORD not in exported.stdout
    assert "QA_ALERTS_SMTP_PASSWORD, SPARE_SMTP_PASSWORD" in exported.stderr
    file = tmp_path / "profiles.toml"
    file.write_text(exported.stdout)

    given = {"QA_ALERTS_SMTP_PASSWORD": PASSWORD, "SPARE_SMTP_PASSWORD": PASSWORD}
    done = document(typed("profiles", "seed", str(file), "--json", home=tmp_path, **given))
    assert [each["action"] for each in done["changes"]] == ["unchanged"] * 2
    (table,) = json.loads(typed("profiles", "export", "Spare", "--json", home=tmp_path).stdout)["profile"]
    assert table["smtp"]["password"] == {"env": "SPARE_SMTP_PASSWORD"}


def test_presets_are_listed_for_people_and_programs(tmp_path: Path) -> None:
    assert "myaccount.google.com/apppasswords" in typed("profiles", "presets", home=tmp_path).stdout
    assert document(typed("profiles", "presets", "--json", home=tmp_path))["microsoft365"]["limits"]["connections"] == 3


def test_the_list_is_readable_in_a_terminal_of_80_columns_and_shows_more_in_a_wider_one(
    tmp_path: Path, store: ProfileStore
) -> None:
    plain(store, "Checkout team, nightly runs", enabled=False)
    for columns, wide in ((80, False), (120, True)):
        _, screen = converse("profiles", "list", home=tmp_path, answers={}, columns=columns, TERM="xterm")
        lines = re.sub(r"\x1b\[[0-9;]*m", "", screen).splitlines()
        assert len(lines) == 2, "nothing is wrapped"
        assert max(map(len, lines)) <= columns
        assert "disabled" in lines[1]
        assert ("smtp.example.com:465" in lines[1]) is wide


def test_mail_follows_its_profile_through_disable_rename_enable_and_move(spine: Spine) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = {name: spine.environment()[name] for name in ("RUNMAIL_BROKER_URL", "RUNMAIL_DATABASE_URL")}
        return typed(*arguments, home=spine.home, **given)

    spine.profile()
    spine.profile(name="Spare")
    spine.work()
    assert document(command("profiles", "disable", "QA alerts", "--json"))["changed"] is True
    spine.publish(run_finished("run-1"))
    spine.settled(held=1)

    command("profiles", "rename", "QA alerts", "Checkout")
    spine.publish(run_finished("run-2"))
    assert {each["reason"] for each in spine.settled(held=2)} == {"profile_disabled"}
    assert document(command("profiles", "enable", "Checkout", "--json"))["released"] == 2
    clock = spine.clock()
    clock.tick(take_back=False)
    spine.settled(sent=2)

    command("profiles", "disable", "Checkout")
    spine.publish(run_finished("run-3"))
    spine.settled(held=1)
    refused = command("profiles", "remove", "Checkout", "--yes")
    assert (refused.returncode, "(1 held)" in refused.stderr, "--move-to" in refused.stderr) == (1, True, True)
    assert document(command("profiles", "remove", "Checkout", "--yes", "--move-to", "Spare", "--json"))["moved"] == 1
    clock.tick(take_back=False)
    spine.settled(sent=3)
    assert [each["profile"] for each in spine.deliveries()] == ["Spare", "Checkout", "QA alerts"]
    spine.balanced()


def test_the_author_is_the_user_of_the_process_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mallory")
    monkeypatch.setenv("USER", "mallory")
    monkeypatch.delenv("SUDO_USER", raising=False)
    found = author()
    assert found == Author(pwd.getpwuid(os.getuid()).pw_name, "cli", os.uname().nodename)
