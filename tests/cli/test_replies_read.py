"""`runmail replies read` as its user runs it: files, folders, Maildirs, standard input; nothing else is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MAILS = Path(__file__).parents[1] / "inbound" / "mails"


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command with neither broker nor database nor home."""
    environment = {
        "PATH": os.environ["PATH"],
        "RUNMAIL_HOME": "/nonexistent",
        "RUNMAIL_BROKER_URL": "redis://127.0.0.1:1",
    }
    command = [sys.executable, "-m", "worker.cli.main", "replies", "read", *arguments]
    return subprocess.run(command, input=given, capture_output=True, env=environment, timeout=60, check=False)


def documents(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_file_is_one_line_of_json() -> None:
    names = [str(MAILS / f"{name}.eml") for name in ("gmail-web-en", "bounce-postfix-unknown", "absence-de")]

    done = run("--json", *names)
    reply, bounce, absence = documents(done)

    assert (done.returncode, done.stderr) == (0, b"")
    assert [found["file"] for found in (reply, bounce, absence)] == names
    assert (reply["outcome"], reply["command"]) == ("command", "ack")
    assert reply["text"] == "Ack.\n\nWe look into it after lunch."
    assert bounce["bounces"][0]["recipient"] == "ann@example.com"
    assert bounce["bounces"][0]["permanent"] is True
    assert bounce["bounces"][0]["status"] == "5.1.1"
    assert bounce["bounces"][0]["reason"] == "hard"
    assert absence["auto_reply_until"] == "2027-01-08"


def test_a_folder_and_a_maildir_are_read_and_standard_input_too(tmp_path: Path) -> None:
    source = (MAILS / "gmail-de.eml").read_bytes()
    (tmp_path / "box" / "cur").mkdir(parents=True)
    (tmp_path / "box" / "new").mkdir()
    (tmp_path / "box" / "cur" / "1700000000.M1.host:2,S").write_bytes(source)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.eml").write_bytes(source)
    (tmp_path / "deep" / "note.txt").write_bytes(b"no mail")

    done = run("--json", str(tmp_path / "box"), str(tmp_path / "deep"), "-", given=source)

    assert done.returncode == 0
    assert [Path(found["file"]).name for found in documents(done)] == ["1700000000.M1.host:2,S", "a.eml", "-"]


def test_what_cannot_be_read_is_named_on_stderr_and_the_rest_is_read(tmp_path: Path) -> None:
    note = tmp_path / "note.eml"
    note.write_bytes(b"no mail at all\n")

    done = run("--json", str(tmp_path / "missing.eml"), str(note), str(MAILS / "gmail-de.eml"))

    assert done.returncode == 1
    assert [found["outcome"] for found in documents(done)] == ["unreadable", "reply"]
    assert run(str(note)).returncode == 1
    first, second = done.stderr.decode().splitlines()
    assert first == f"runmail: {tmp_path}/missing.eml: no such file or directory"
    assert second == f"runmail: {note}: no mail that can be read (no_headers)"


def test_a_folder_without_mails_says_what_was_looked_for(tmp_path: Path) -> None:
    done = run(str(tmp_path))

    assert done.returncode == 1
    assert (
        done.stderr.decode() == f"runmail: {tmp_path}: neither *.eml nor a Maildir's cur and new are in this folder\n"
    )


def test_people_see_facts_recipients_and_the_new_text() -> None:
    done = run(str(MAILS / "bounce-two-recipients.eml"), str(MAILS / "command-in-second-line.eml"))

    shown = done.stdout.decode()
    assert "bounce (delivery_status)" in shown
    assert "  ann@example.com  hard  5.1.1\n    550 5.1.1 User unknown\n" in shown
    assert "  bob@example.com  mailbox_full  4.2.2\n" in shown
    assert "  │ Hello,\n  │ stop\n" in shown


def test_nothing_in_a_mail_moves_the_cursor_of_a_terminal() -> None:
    escape = b"From: a@example.com\nSubject: =?utf-8?q?x=1B]0;evil=07?=\n\n\x1b[2Jhello\x9b31m\x07\n"

    done = run("-", given=escape)

    assert "hello" in done.stdout.decode()
    assert not set(done.stdout.decode()) & set("\x1b\x07\x9b")


@pytest.mark.parametrize(("option", "verdict"), [([], "not_configured"), (["--authserv-id", "mx.example.org"], "pass")])
def test_the_server_whose_results_count_can_be_named(option: list[str], verdict: str) -> None:
    (found,) = documents(run("--json", *option, str(MAILS / "authentication-pass.eml")))

    assert found["dmarc"] == verdict


def test_reading_files_loads_neither_database_nor_broker() -> None:
    """They would cost most of the time that the command takes to start."""
    told = "import sys, worker.cli.replies; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())

    assert "worker.cli.replies" in loaded
    assert not loaded & {"sqlalchemy", "sqlmodel", "alembic", "dramatiq", "redis", "aiosmtplib", "imapclient"}
