"""Python handlers: found by their entry point, run beside each other, tried again, given up by name."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.ledger.outgoing_tables import TargetKind
from consumers.ledger.routing import Routing, route
from consumers.workflows.handlers import find_handlers, installed
from consumers.workflows.outcome import PAUSES
from tests.rig.waiting import wait_until
from tests.workflows.conftest import NOW, Desk, command, tell

Install = Callable[..., Path]
PAUSE = [pause / 1000 * 1.2 for pause in PAUSES[TargetKind.HANDLER]]

MODULE = """
import pathlib, time

HERE = pathlib.Path(__file__).parent

def record(event):
    with open(HERE / "seen", "a") as file:
        file.write(f"{event.id} {event.data.command} {type(event).__name__}\\n")

def fail(event):
    raise ValueError(event.data.issued_by)

def leave(event):
    raise SystemExit(3)

def hang(event):
    record(event)
    while not (HERE / "go").exists():
        time.sleep(0.02)

NUMBER = 3
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a small distribution with entry points; returns the folder of its module."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def distribution(source: str = MODULE, **functions: str) -> Path:
        module = f"flows_{secrets.token_hex(4)}"
        (folder / f"{module}.py").write_text(source)
        described = folder / f"{module}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        points = "\n".join(f"{name} = {module}:{function}" for name, function in functions.items())
        (described / "entry_points.txt").write_text(f"[runmail.workflows]\n{points}\n")
        return folder

    return distribution


def seen(folder: Path) -> list[str]:
    return (folder / "seen").read_text().splitlines() if (folder / "seen").exists() else []


def test_a_function_that_is_installed_gets_each_event_as_its_class(
    install: Install, open_desk: Callable[[], Desk]
) -> None:
    folder = install(recorder="record")
    desk = open_desk()

    tell(desk.ground.engine, command("evt_1"), command("evt_2"))
    desk.herald.ring()

    desk.settled(("recorder", "done", None, 1), ("recorder", "done", None, 1))
    assert seen(folder) == ["evt_1 rerun failed CommandIssued", "evt_2 rerun failed CommandIssued"]


@pytest.mark.parametrize(("function", "error"), [("fail", "ValueError"), ("leave", "SystemExit")])
def test_what_raises_is_tried_again_then_given_up_and_stops_nobody_else(
    install: Install, open_desk: Callable[[], Desk], capfd: pytest.CaptureFixture[str], function: str, error: str
) -> None:
    folder = install(faulty=function, recorder="record")
    desk = open_desk()

    tell(desk.ground.engine, command(issued_by="dana@example.com"))
    desk.herald.ring()
    for attempt, pause in enumerate(PAUSE, 1):
        desk.settled(("faulty", "pending", "raised", attempt), ("recorder", "done", None, 1))
        desk.wait_out(pause)
    desk.settled(("faulty", "dead", "raised", len(PAUSE) + 1), ("recorder", "done", None, 1))

    said = "".join(capfd.readouterr())
    assert re.search(rf"{error} at flows_\w+\.py:\d+", said)
    assert "dana@example.com" not in said
    assert len(seen(folder)) == 1


@pytest.mark.settings(handler_seconds=1)
def test_a_handler_that_hangs_gets_nothing_more_and_delays_nobody_else(
    install: Install, open_desk: Callable[[], Desk]
) -> None:
    folder = install(hanging="hang", recorder="record")
    desk = open_desk()

    tell(desk.ground.engine, command("evt_1"), command("evt_2"))
    desk.herald.ring()
    wait_until(lambda: ("hanging", "pending", "timed_out", 1) in desk.rows())
    wait_until(lambda: desk.rows().count(("recorder", "done", None, 1)) == 2)
    desk.wait_out(PAUSE[0])
    assert [line.split()[0] for line in seen(folder)].count("evt_2") == 1

    (folder / "go").touch()
    desk.wait_out(0)
    wait_until(lambda: [row[1] for row in desk.rows() if row[0] == "hanging"] == ["done", "done"])


def test_a_faulty_entry_point_is_named_and_its_events_wait(
    install: Install, open_desk: Callable[[], Desk], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = install(absent="nothing", number="NUMBER", recorder="record")
    install("raise SystemExit", exits="record")
    desk = open_desk()

    tell(desk.ground.engine, command())
    desk.herald.ring()

    desk.settled(
        ("absent", "pending", "handler_unusable", 1),
        ("exits", "pending", "handler_unusable", 1),
        ("number", "pending", "handler_unusable", 1),
        ("recorder", "done", None, 1),
    )
    said = "".join(capfd.readouterr())
    for name, fault in (("absent", "AttributeError"), ("exits", "SystemExit"), ("number", "is no function")):
        assert re.search(rf"workflow_unusable.*{fault}.*{name}|workflow_unusable.*{name}", said.replace("\n", " "))
    assert len(seen(folder)) == 1


def test_a_handler_that_is_no_longer_installed_is_waited_for(install: Install, open_desk: Callable[[], Desk]) -> None:
    folder = install(recorder="record")
    desk = open_desk()
    desk.herald.stop(5)
    for path in folder.glob("*.dist-info/entry_points.txt"):
        path.unlink()
    assert find_handlers(installed()) == {}
    tell(desk.ground.engine, command())
    with desk.ground.engine.begin() as connection:
        route(connection, [Routing(("recorder",), NOW)])
    later = open_desk()

    later.herald.ring()

    later.settled(("recorder", "pending", "handler_missing", 1))
