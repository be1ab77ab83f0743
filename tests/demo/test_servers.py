"""The demo's mail servers: SMTP in, IMAP out, on loopback."""

from __future__ import annotations

import contextlib
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from tests.rig.waiting import wait_until
from worker.demo.imap_server import MAILDIR, USER, ImapServer
from worker.demo.inbox import Inbox, first_lines
from worker.demo.smtp_sink import MAX_BYTES, SmtpSink

PASSWORD = "a pass word: of ours"
MAIL = (
    "From: QA <qa@example.com>\r\nTo: team@example.com\r\nSubject: =?utf-8?q?=E2=9C=97?= checkout\r\n"
    "X-Runmail-Event: e-1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\n3 of 214 failed\r\n.\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n<p>3 of 214 failed</p>\r\n--b--\r\n"
)


@pytest.fixture
def smtp_port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "imap").mkdir()
    sink = SmtpSink(tmp_path / "imap" / MAILDIR)
    yield sink.start()
    sink.stop()


@pytest.fixture
def imap_port(tmp_path: Path, smtp_port: int) -> Iterator[int]:
    server = ImapServer(tmp_path / "imap", PASSWORD)
    yield server.start()
    server.stop()


def send(port: int, mail: str = MAIL, to: str = "team@example.com") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail("qa@example.com", [to], mail)


def test_a_mail_that_is_sent_is_read_over_imap_within_a_second(smtp_port: int, imap_port: int, tmp_path: Path) -> None:
    with contextlib.closing(Inbox(imap_port, USER, PASSWORD, tmp_path / "mails")) as inbox:
        assert inbox.new() == []
        send(smtp_port)
        found = []
        wait_until(lambda: found.extend(inbox.new()) or found, 1)

    (mail,) = found
    assert (mail.event_id, mail.sender, mail.recipient) == ("e-1", "QA <qa@example.com>", "team@example.com")
    assert mail.subject == "✗ checkout"
    assert mail.text.splitlines() == ["3 of 214 failed", "."]
    assert mail.html.read_text().strip() == "<p>3 of 214 failed</p>"
    assert b"Return-Path: <qa@example.com>" in mail.eml.read_bytes()
    assert b"Delivered-To: team@example.com" in mail.eml.read_bytes()


def test_each_mail_is_shown_once_and_in_order(smtp_port: int, imap_port: int, tmp_path: Path) -> None:
    with contextlib.closing(Inbox(imap_port, USER, PASSWORD, tmp_path / "mails")) as inbox:
        found: list[str] = []
        for number in range(5):
            send(smtp_port, MAIL.replace("e-1", f"e-{number}"))
            wait_until(lambda: found.extend(mail.event_id for mail in inbox.new()) or len(found) > number, 5)  # noqa: B023
        assert inbox.new() == []
    assert found == [f"e-{number}" for number in range(5)]


def test_the_mailbox_asks_for_its_password(imap_port: int) -> None:
    with pytest.raises(LoginError):
        IMAPClient("127.0.0.1", imap_port, ssl=False).login(USER, "another")


def test_the_password_stands_in_no_process_list_and_in_no_file(imap_port: int, tmp_path: Path) -> None:
    # pytest itself has no argument of it; the servers are its children.
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            assert PASSWORD not in " ".join(process.cmdline())
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
    assert (tmp_path / "imap" / "pymap-etc-shadow").stat().st_mode & 0o777 == 0o600


def test_both_servers_listen_on_loopback_only(smtp_port: int, imap_port: int) -> None:
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = {
        c.laddr.port: c.laddr.ip for p in mine for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN
    }
    assert listening[smtp_port] == listening[imap_port] == "127.0.0.1"


def test_a_mail_that_is_too_large_is_refused(smtp_port: int) -> None:
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(smtp_port, MAIL + "x" * MAX_BYTES)
    assert refused.value.smtp_code == 552


def test_the_sink_ends_with_a_connection_open(tmp_path: Path) -> None:
    sink = SmtpSink(tmp_path / "box")
    client = smtplib.SMTP("127.0.0.1", sink.start(), timeout=10)
    began = time.monotonic()
    sink.stop()
    sink.stop()
    assert time.monotonic() - began < 5
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.noop()
    client.close()


def test_the_imap_server_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    (tmp_path / MAILDIR).mkdir()
    program = (
        "import sys, time; from pathlib import Path; from worker.demo.imap_server import ImapServer\n"
        "ImapServer(Path(sys.argv[1]), 'x').start(); print('started', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.communicate()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_long_text_is_cut_and_says_so() -> None:
    assert first_lines("a\nb\n") == ["a", "b"]
    shown = first_lines("\n".join(str(number) for number in range(100)))
    assert shown[-1] == "…"
    assert len(shown) < 20
