"""The admin's commands as they are typed, against servers that ask for TLS and a login."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conversation import converse
from tests.cli.test_operator_commands import document
from tests.cli.typed import typed
from tests.rig.authority import Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.spine import Spine, run_finished

PASSWORD = "not-a-secret"


def options(port: int, **more: str) -> list[str]:
    given = {
        "name": "QA alerts",
        "from": "QA <qa@example.com>",
        "recipient": "team@example.com",
        "smtp-host": "localhost",
        "smtp-port": str(port),
        "smtp-security": "tls",
        "smtp-username": "qa@example.com",
        "smtp-password-env": "QA_PASSWORD",
        **more,
    }
    return ["profiles", "new", *(part for name, value in given.items() for part in (f"--{name}", value))]


def test_without_profiles_the_list_says_what_one_is_for_and_how_to_make_it(tmp_path: Path) -> None:
    said = typed("profiles", "list", home=tmp_path).stdout.splitlines()

    assert said[0] == "No email profiles configured"
    assert "SMTP and IMAP" in said[1]
    assert "notifications" in said[1]
    assert "automation" in said[1]
    assert said[2].endswith("runmail profiles new")
    assert document(typed("profiles", "list", "--json", home=tmp_path)) == []


def test_a_profile_is_tested_saved_listed_and_tested_again(
    tmp_path: Path, start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(
        security="tls", context=authority.server_context(), users={"qa@example.com": PASSWORD}, faults=[]
    )
    made = typed(
        *options(server.port, **{"smtp-ca-file": str(authority.ca_file)}),
        "--test",
        "--json",
        home=tmp_path,
        QA_PASSWORD=PASSWORD,
    )
    assert document(made) == {"id": 1, "name": "QA alerts", "tested": True}

    (row,) = document(typed("profiles", "list", "--json", home=tmp_path))
    assert (row["status"], row["used"]["times"]) == ("healthy", 0)
    assert row["tests"]["smtp"]["certificate_expires"]
    tested = document(typed("profiles", "test", "QA alerts", "--smtp", "--json", home=tmp_path))
    assert [stage["name"] for stage in tested["smtp"]["stages"]] == [
        "resolve",
        "connect",
        "tls",
        "greeting",
        "authenticate",
        "sender",
        "recipient",
    ]
    assert tested["passed"] is True
    shown = typed("profiles", "show", "QA alerts", home=tmp_path)
    assert "team@example.com" in shown.stdout
    assert server.transactions == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
    assert PASSWORD not in made.stdout + shown.stdout


def test_a_wrong_password_is_explained_and_nothing_is_saved(
    tmp_path: Path, start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(
        security="tls", context=authority.server_context(), users={"qa@example.com": PASSWORD}, faults=[]
    )
    done = typed(
        *options(server.port, **{"smtp-ca-file": str(authority.ca_file)}),
        "--test",
        home=tmp_path,
        QA_PASSWORD="wrong",
    )

    assert done.returncode == 1
    assert "✗ authenticate" in done.stdout
    assert "→" in done.stdout
    assert server.auth_count == 1
    assert document(typed("profiles", "list", "--json", home=tmp_path)) == []


def test_a_certificate_nobody_trusts_fails_the_test_with_exit_1(
    tmp_path: Path, start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(
        security="tls", context=authority.server_context(), users={"qa@example.com": PASSWORD}, faults=[]
    )
    typed(*options(server.port), "--no-test", home=tmp_path, QA_PASSWORD=PASSWORD)

    done = typed("profiles", "test", "QA alerts", home=tmp_path)

    assert done.returncode == 1
    assert "✗ tls" in done.stdout
    assert typed("profiles", "list", home=tmp_path).stdout.split("\t")[1].startswith("failing: certificate")


def test_a_password_is_asked_for_unseen_in_the_terminal(tmp_path: Path) -> None:
    answers = {"IMAP?": "n", "password for qa@example.com!": PASSWORD}
    code, screen = converse(*options(465)[:-2], "--no-test", home=tmp_path, answers=answers)

    assert (code, "is saved" in screen) == (0, True)
    assert PASSWORD not in screen


def test_a_preset_leaves_only_the_account_to_be_asked_for(tmp_path: Path) -> None:
    answers = {
        "Name of the profile": "",
        "Sender": "qa@example.com",
        "Default recipients": "",
        "SMTP user": "qa@example.com",
        "IMAP?": "y",
        "IMAP server [imap.gmail.com]": "",
        "IMAP security": "",
        "IMAP port": "",
        "IMAP user [qa@example.com]": "",
        "SMTP password!": PASSWORD,
        "IMAP password!": PASSWORD,
    }
    code, screen = converse("profiles", "new", "--preset", "google", "--no-test", home=tmp_path, answers=answers)

    assert (code, "myaccount.google.com/apppasswords" in screen) == (0, True), screen
    row = document(typed("profiles", "show", "QA alerts", "--json", home=tmp_path))
    assert (row["smtp"]["host"], row["smtp"]["port"], row["imap"]["host"]) == ("smtp.gmail.com", 465, "imap.gmail.com")
    assert row["limits"]["per_day"] == 2000


@pytest.mark.parametrize(
    ("extra", "said", "code"),
    [
        (["--smtp-security", "maybe"], "maybe", 2),
        (["--timezone", "Mars/Base"], "timezone", 2),
        (["--recipient", "nobody"], "recipients", 2),
        (["--smtp-password-file", "/nonexistent"], "cannot be read", 1),
    ],
)
def test_what_is_wrong_with_a_new_profile_is_named(tmp_path: Path, extra: list[str], said: str, code: int) -> None:
    arguments = options(465)
    if "--smtp-password-file" in extra:
        arguments = arguments[:-2]
    done = typed(*arguments, *extra, "--no-test", home=tmp_path, QA_PASSWORD=PASSWORD)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr


def test_every_setting_has_an_option(tmp_path: Path) -> None:
    typed(*options(465, name="Spare"), "--no-test", home=tmp_path, QA_PASSWORD=PASSWORD)
    more = {
        "allowed-recipient": "example.com",
        "reply-to": "answers@example.com",
        "timezone": "Europe/Berlin",
        "note": "ask Ada",
        "failover": "Spare",
        "on-uncertain": "hold",
        "authserv-id": "mx.example.com",
        "actor": "lead@example.com",
        "retention-days": "30",
        "credential-expires": "2027-01-31",
        "templates": "short",
        "smtp-ca-file": "/etc/smtp.pem",
        "imap-host": "imap.example.com",
        "imap-port": "143",
        "imap-username": "qa-in",
        "imap-ca-file": "/etc/imap.pem",
        "imap-password-env": "QA_PASSWORD",
        "folder": "Replies",
        "keyword": "runmail",
        "move-to": "Done",
        "connections": "3",
        "per-minute": "30",
        "per-day": "1000",
    }
    done = typed(
        *options(465, **more),
        "--allow-rerun",
        "--plus-addressing",
        "--disabled",
        "--no-test",
        home=tmp_path,
        QA_PASSWORD=PASSWORD,
    )
    assert done.returncode == 0, done.stderr

    row = document(typed("profiles", "show", "QA alerts", "--json", home=tmp_path))
    assert {key: row[key] for key in row if key not in ("id", "tests", "used", "marks")} == {
        "status": "disabled",
        "name": "QA alerts",
        "from": "QA <qa@example.com>",
        "enabled": False,
        "recipients": ["team@example.com"],
        "reply_to": "answers@example.com",
        "allowed_recipients": ["example.com"],
        "timezone": "Europe/Berlin",
        "note": "ask Ada",
        "on_uncertain": "hold",
        "failover": "Spare",
        "plus_addressing": True,
        "authserv_id": "mx.example.com",
        "actors": ["lead@example.com"],
        "allow_rerun": True,
        "retention_days": 30,
        "credential_expires": "2027-01-31",
        "templates": "short",
        "former_names": [],
        "smtp": {
            "host": "localhost",
            "port": 465,
            "security": "tls",
            "username": "qa@example.com",
            "ca_file": "/etc/smtp.pem",
        },
        "imap": {
            "host": "imap.example.com",
            "port": 143,
            "security": "starttls",
            "username": "qa-in",
            "ca_file": "/etc/imap.pem",
            "folders": ["Replies"],
            "keyword": "runmail",
            "move_to": "Done",
        },
        "limits": {"connections": 3, "per_minute": 30, "per_day": 1000},
    }


def test_a_taken_name_and_an_unknown_failover_are_refused_before_anything_is_tested(tmp_path: Path) -> None:
    typed(*options(465), "--no-test", home=tmp_path, QA_PASSWORD=PASSWORD)

    taken = typed(*options(465), "--test", home=tmp_path, QA_PASSWORD=PASSWORD)
    assert (taken.returncode, taken.stdout) == (1, "")
    assert "“QA alerts” exists already" in taken.stderr
    gone = typed(*options(465, name="B", failover="QA alert"), "--test", home=tmp_path, QA_PASSWORD=PASSWORD)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "did you mean “QA alerts”" in gone.stderr


def test_a_user_without_a_password_is_refused(tmp_path: Path) -> None:
    done = typed(*options(465)[:-2], "--no-test", home=tmp_path)

    assert done.returncode == 2
    assert "--smtp-password-env" in done.stderr


SEED = """
[[profile]]
name = "QA alerts"
from = "QA alerts <qa@example.com>"
recipients = ["team@example.com"]
[profile.smtp]
host = "{host}"
username = "qa@example.com"
password = {{ env = "QA_PASSWORD" }}
[profile.limits]
connections = 3
"""


def test_a_profiles_file_is_planned_then_applied_then_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text(SEED.format(host="smtp.example.com"))

    def seed(*more: str) -> Any:
        return document(typed("profiles", "seed", str(file), *more, "--json", home=tmp_path, QA_PASSWORD=PASSWORD))

    assert [each["action"] for each in seed("--dry-run")["changes"]] == ["create"]
    assert document(typed("profiles", "list", "--json", home=tmp_path)) == []
    assert [each["action"] for each in seed()["changes"]] == ["create"]
    assert [each["action"] for each in seed()["changes"]] == ["unchanged"]
    file.write_text(SEED.format(host="other.example.com"))
    assert seed("--dry-run")["changes"][0]["fields"][0] == "smtp.host"


def test_a_faulty_profiles_file_changes_nothing_and_names_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text(SEED.format(host="smtp.example.com") + '\n[[profile]]\nname = "B"\nform = "x"\n')
    done = typed("profiles", "seed", str(file), home=tmp_path, QA_PASSWORD=PASSWORD)

    assert done.returncode == 1
    assert "profile 2 “B”" in done.stderr
    assert "nothing was changed" in done.stderr
    assert document(typed("profiles", "list", "--json", home=tmp_path)) == []


def test_the_list_says_when_and_how_often_a_profile_was_used(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(*(run_finished(f"run-{number}") for number in range(3)))
    spine.settled(sent=3)

    (row,) = json.loads(spine.run("profiles", "list", "--json").stdout)
    assert row["used"]["times"] == 3
    assert row["used"]["last"] is not None
    assert row["used"]["days"] == 30
    assert row["status"] == "healthy"


def test_an_unknown_profile_is_named_with_what_was_meant(tmp_path: Path) -> None:
    typed(*options(465), "--no-test", home=tmp_path, QA_PASSWORD=PASSWORD)
    done = typed("profiles", "test", "QA alert", home=tmp_path)

    assert done.returncode == 1
    assert "did you mean “QA alerts”" in done.stderr
