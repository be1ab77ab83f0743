"""The operator's commands about answers: each run as it is typed, on what answers have brought about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typed import typed
from tests.inbound.acting.office import BEN, EVA, NOW, Office, alert, bounce, run


@pytest.fixture
def ask(office: Office, tmp_path: Path) -> Any:
    """Run a command on the office's database; return its exit code, and its output as JSON where it is any."""

    def asked(*arguments: str) -> tuple[int, Any]:
        done = typed(
            *arguments,
            home=tmp_path,
            RUNMAIL_DATABASE_URL=office.engine.url.render_as_string(hide_password=False),
            RUNMAIL_SECRET_KEYS="k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        )
        if done.returncode == 0 and "--json" in arguments:
            return 0, json.loads(done.stdout)
        return done.returncode, done.stdout + done.stderr

    return asked


def test_the_whole_story_of_a_delivery_and_its_event_is_told_in_order(office: Office, ask: Any) -> None:
    office.profile()
    first, second = office.mail(run("run-1", EVA, BEN))
    office.answer(first, "Looking into it.")
    office.now += 1000
    office.answer(first, "mute 2h")
    office.now += 1000
    office.answer(first, "mute 2h")
    office.read(bounce(second))

    _, shown = ask("deliveries", "show", str(first.id), "--json")
    assert [(each["what"], each["command"], each["reason"]) for each in shown["answers"]] == [
        ("reply", None, "new_text"),
        ("command", "mute 2h", "first_line"),
        ("took_effect", "mute 2h", None),
        ("command", "mute 2h", "done_before"),
        ("answered", None, "done_before"),
    ]
    _, shown = ask("deliveries", "show", str(second.id), "--json")
    assert (shown["bounced"], shown["bounced_status"]) == ("hard", "5.1.1")
    _, event = ask("events", "show", "run-1", "--json")
    assert sorted(each["delivery"] for each in event["answers"]) == [first.id] * 5 + [second.id]
    code, text = ask("deliveries", "show", str(first.id))
    assert code == 0
    assert "took_effect  mute 2h  by eva@example.com" in text
    assert "took_effect" in ask("events", "show", "run-1")[1]
    assert ask("audit", "--json")[1]["bounced"] == {"hard": 1, "soft": 0}


def test_replies_are_listed_shown_and_understood_again(office: Office, ask: Any) -> None:
    office.profile()
    (first,) = office.mail(run())
    row = office.answer(first, "Looking into it.")

    assert [each["outcome"] for each in ask("replies", "list", "--json")[1]] == ["reply"]
    assert ask("replies", "list", "--outcome", "command", "--json")[1] == []
    _, shown = ask("replies", "show", str(row.id), "--json")
    assert (shown["text"], shown["delivery_id"], shown["octets_kept"]) == ("Looking into it.", first.id, True)
    assert "│ Looking into it." in ask("replies", "show", str(row.id))[1]
    assert ask("replies", "show", "99")[0] == 1
    code, said = ask("replies", "reclassify", str(row.id), "99")
    assert code == 1
    assert "1 understood again" in said
    assert "99" in said
    # An expired token now: this machine's clock is years ahead of the office's.
    assert ask("replies", "list", "--json")[1][0]["reason"] == "expired_token"


def test_an_operator_suppresses_addresses_and_lifts_what_stands(office: Office, ask: Any) -> None:
    code, said = ask("suppressions", "add", "Ann@Example.com", "--for", "30d", "--note", "on leave")
    assert code == 0
    assert "Ann@example.com gets no mail until 20" in said
    (row,) = ask("suppressions", "list", "--json")[1]
    assert (row["recipient"], row["reason"], row["note"]) == ("Ann@example.com", "by_operator", "on leave")
    assert ask("suppressions", "remove", "ann@example.com", "--json")[1]["removed"]
    assert ask("suppressions", "list", "--json")[1] == []
    assert ask("suppressions", "remove", "ann@example.com")[0] == 1
    assert ask("suppressions", "add", "nobody")[0] == 2
    assert ask("suppressions", "add", "ann@example.com", "--for", "soon")[0] == 2


def test_mutes_are_listed_and_ended(office: Office, ask: Any) -> None:
    office.profile()
    (first,) = office.mail(run())
    (fired,) = office.mail(alert())
    office.answer(first, "stop")
    office.answer(fired, "mute 2h")

    # The mute ended long before this machine's now.
    (row,) = ask("mutes", "list", "--json")[1]
    assert (row["kind"], row["recipient"], row["about"], row["until"]) == ("stopped", EVA, "checkout", None)
    assert ask("mutes", "list", "--recipient", BEN, "--json")[1] == []
    assert ask("mutes", "remove", str(row["id"]))[0] == 0
    assert ask("mutes", "remove", str(row["id"]))[0] == 1
    assert office.now == NOW
