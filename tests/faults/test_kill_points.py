"""Kill points are inert: two variables together arm them, and only in the rig's own state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.kill_points import HOME, KILL, read_point


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {KILL: "before:DATA:1"},
        {HOME: "/state"},
        {KILL: "before:DATA:1", HOME: "/another"},
        {KILL: "", HOME: "/state"},
    ],
)
def test_without_both_variables_there_is_no_point(environment: dict[str, str]) -> None:
    assert read_point(environment, Path("/state")) is None


def test_an_armed_point_lets_other_places_and_earlier_passings_go_on() -> None:
    point = read_point({KILL: "before:DATA:2", HOME: "/state"}, Path("/state"))
    assert point is not None
    point("after:DATA")
    point("before:DATA")  # the second passing would end this very test
