"""The README's five minutes: its own commands, one after the other, through a mail server of one's own."""

from __future__ import annotations

import email
import email.policy
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import Started, ended, wait_until
from tests.rig.smtp_server import FaultySmtpServer

ROOT = Path(__file__).parent.parent.parent
SECTION = (ROOT / "README.md").read_text("utf-8").partition("## Your first mail")[2].partition("\n## ")[0]
COMMANDS = [shlex.split(line)[3:] for line in re.findall(r"^   (python3 -m worker .*)$", SECTION, re.MULTILINE)]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path, "")
    with ended(started):
        yield started


def test_the_commands_of_the_readme_bring_a_mail(machine: Started, smtp_server: FaultySmtpServer) -> None:
    assert [words[0] for words in COMMANDS] == ["up", "profiles", "publish", "deliveries"]
    machine.start(*COMMANDS[0])
    wait_until(lambda: machine.said("worker_started") and machine.said("clock_has_lease"))
    # What the questions ask, given as options: their dialogue is tested in tests/cli/test_profile_questions.py.
    server = ("--smtp-host", smtp_server.host, "--smtp-port", str(smtp_server.port), "--smtp-security", "none")
    made = machine.run(*COMMANDS[1], "--name", "QA alerts", "--from", "qa@example.com", *server, "--test")
    assert made.returncode == 0, made.stderr
    published = machine.run(*[str(ROOT / word) if word.startswith("examples/") else word for word in COMMANDS[2]])
    assert published.returncode == 0, published.stderr

    (mail,) = smtp_server.wait_for(1, seconds=60)
    assert mail.recipients == ("you@example.com",)
    message = email.message_from_bytes(mail.message, policy=email.policy.default)
    assert "3 of 214 failed" in message["Subject"]
    wait_until(lambda: json.loads(machine.run(*COMMANDS[3], "--json").stdout)[0]["state"] == "sent")
    assert machine.run("doctor").returncode == 0
