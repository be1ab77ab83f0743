"""Checks come to an end, side by side, and one that hangs is not begun twice."""

from __future__ import annotations

import json
import threading
import time

from tests.rig.waiting import wait_until
from worker.health import ANSWER_SECONDS, Checkup, Unwell


def test_a_report_names_every_check_and_is_well_only_when_all_are() -> None:
    def sick() -> str:
        raise Unwell("no pulse")

    def broken() -> str:
        raise ConnectionError("redis://:secret@host")

    report = Checkup({"heart": lambda: "beats", "lung": sick, "liver": broken}).report()

    assert not report.is_well
    assert json.loads(report.to_json()) == {
        "ok": False,
        "checks": {
            "heart": {"ok": True, "said": "beats"},
            "lung": {"ok": False, "said": "no pulse"},
            "liver": {"ok": False, "said": "ConnectionError"},
        },
    }
    assert Checkup({"heart": lambda: "beats"}).report().is_well


def test_checks_that_hang_are_answered_in_time_and_hold_one_thread_each() -> None:
    go_on, begun = threading.Event(), []

    def hangs() -> str:
        begun.append(1)
        go_on.wait(60)
        return "late"

    checkup = Checkup({"one": hangs, "two": hangs})
    began = time.monotonic()
    reports = [checkup.report() for _ in range(3)]
    lasted = time.monotonic() - began

    assert [report.answers["one"].said for report in reports] == [f"no answer within {ANSWER_SECONDS:g} s"] * 3
    assert lasted < 3 * ANSWER_SECONDS + 3
    assert len(begun) == 2
    go_on.set()
    wait_until(lambda: checkup.report().is_well)


def test_many_who_ask_cost_one_check() -> None:
    begun = []
    checkup = Checkup({"heart": lambda: str(begun.append(1))})

    for _ in range(50):
        checkup.report()

    assert len(begun) <= 2
