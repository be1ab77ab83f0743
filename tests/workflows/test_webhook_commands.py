"""`runmail webhooks` and `workflows`, as an admin gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from profiles.webhooks import WebhookStore
from tests.workflows.conftest import Desk, command, tell
from tests.workflows.hook_server import HookServer, answer
from worker.cli.main import app

Run = Callable[..., Any]


@pytest.fixture
def run(desk: Desk) -> Run:
    """Runs a command on the desk's database; returns its JSON, or what it said on stderr when it failed."""
    home = str(desk.ground.settings.home)

    def runs(*words: str) -> Any:
        environment = {
            "RUNMAIL_HOME": home,
            "RUNMAIL_WEBHOOK_PRIVATE_HOSTS": "localhost",
            "RUNMAIL_DATABASE_URL": None,
            "RUNMAIL_SECRET_KEYS": None,
        }
        done = CliRunner().invoke(app, [*words, "--json"], env=environment)
        return json.loads(done.stdout) if done.exit_code == 0 else (done.exit_code, done.stderr)

    return runs


def test_a_webhook_is_added_listed_rotated_and_removed(desk: Desk, run: Run) -> None:
    desk.profile()

    added = run(
        "webhooks", "add", "QA alerts", "https://ci.example.com/hook?token=t", "--type", "runmail.command.issued"
    )
    rotated = run("webhooks", "rotate", "1", "--keep-old", "2d")
    (listed,) = run("webhooks", "list")

    assert added["secret"].startswith("whsec_")
    assert rotated["secret"] not in (None, added["secret"])
    assert listed["address"] == "https://ci.example.com/hook?…"
    assert (listed["types"], listed["off"], len(listed["old_secrets_end"])) == (["runmail.command.issued"], None, 1)
    assert "secret" not in listed
    assert run("webhooks", "remove", "1") == {"removed": 1}
    assert run("webhooks", "list") == []
    told = json.dumps([entry.changes for entry in desk.ground.profiles.history("QA alerts")])
    assert added["secret"] not in told
    assert "token" not in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "QA alerts", "http://ci.example.com/"), 1, "plain http goes only to hosts in"),
        (("add", "QA alerts", "https://ci.example.com/", "--type", "runmail.alert"), 2, "is no type"),
        (("add", "Nobody", "https://ci.example.com/"), 1, "there is no profile “Nobody”"),
        (("rotate", "9"), 1, "there is no webhook 9"),
        (("rotate", "9", "--keep-old", "long"), 2, "is no length of time"),
        (("retry",), 2, "say which"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    desk: Desk, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    desk.profile()

    found = run("webhooks", *words)

    assert found[0] == code
    assert said in found[1]
    assert found[1].count("\n") == 1


def test_what_was_given_up_is_listed_and_delivered_on_request(
    desk: Desk, run: Run, hook_server: Callable[..., HookServer]
) -> None:
    server, profile = hook_server(answer(410), answer(200)), desk.profile()
    desk.webhook(server.url)
    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "dead", "gone", 1))

    (dead,) = run("webhooks", "deliveries", "--state", "dead")
    assert (dead["event_id"], dead["target"], dead["reason"], dead["last_answer"]) == (
        "evt_1",
        "1",
        "gone",
        "HTTP 410 Told",
    )
    assert run("webhooks", "list")[0]["dead"] == 1
    assert run("workflows", "retry", str(dead["id"]))[0] == 1
    assert run("webhooks", "enable", "1") == {"id": 1, "off": None}
    assert run("webhooks", "retry", "--dead") == {"changed": [dead["id"]], "refused": []}
    desk.clock[0] = 2 * desk.clock[0]
    desk.herald.ring()

    desk.settled(("1", "done", None, 1))
    assert run("webhooks", "retry", str(dead["id"]))[0] == 1


def test_a_test_is_signed_sent_and_judged_and_leaves_nothing_behind(
    desk: Desk, run: Run, hook_server: Callable[..., HookServer]
) -> None:
    server = hook_server(answer(200), answer(500))
    desk.profile()
    desk.webhook(server.url)

    taken, refused = run("webhooks", "test", "1"), run("webhooks", "test", "1")

    assert (taken["taken"], taken["answer"]) == (True, "HTTP 200 Told")
    assert refused[0] == 1
    assert "http_500" in refused[1]
    assert json.loads(server.requests[0].body)["type"] == "runmail.webhook.test"
    assert desk.rows() == []


def test_the_webhooks_of_a_removed_profile_go_with_it(desk: Desk, run: Run) -> None:
    desk.profile()
    run("webhooks", "add", "QA alerts", "https://ci.example.com/")

    run("profiles", "remove", "QA alerts", "--yes")

    assert WebhookStore(desk.ground.profiles).all() == []
