"""When a report comes again: wall time of a zone, also in the gap and the fold of daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.reports.cadence import WEEKDAYS, Cadence, NoCadence, dues_after, read_cadence, read_wall_time

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Cadence("daily")
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
moments = st.floats(datetime(1971, 1, 1, tzinfo=UTC).timestamp(), datetime(2037, 1, 1, tzinfo=UTC).timestamp()).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
cadences = st.sampled_from(
    ["daily", "weekdays", *(f"weekly:{day}" for day in WEEKDAYS), *(f"monthly:{day}" for day in range(1, 32))]
)
times = st.times().map(lambda found: found.replace(second=0, microsecond=0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@settings(max_examples=400, deadline=None)
@given(zones, moments, cadences, times)
def test_reports_come_in_order_each_day_once_and_never_in_the_past(
    zone: ZoneInfo, after: datetime, cadence: str, wall: time
) -> None:
    found = list(islice(dues_after(read_cadence(cadence), wall, zone, after), 5))

    assert after < found[0].moment
    for one, other in pairwise(found):
        assert one.day < other.day
        assert one.moment <= other.moment
    assert all(read_cadence(cadence).falls_on(due.day) for due in found)


@pytest.mark.parametrize(
    ("wall", "after", "moments"),
    [
        # 29 March 2026: 02:30 is left out, and the report comes at 03:00, once.
        ("02:30", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("02:30", "2026-03-29T01:00", ["2026-03-30T00:30", "2026-03-31T00:30"]),
        # 25 October 2026: 02:30 comes twice, and the report the first time.
        ("02:30", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("02:30", "2026-10-25T00:30", ["2026-10-26T01:30", "2026-10-27T01:30"]),
        ("07:30", "2026-10-24T12:00", ["2026-10-25T06:30", "2026-10-26T06:30"]),
    ],
)
def test_gap_and_fold_bring_one_report_each(wall: str, after: str, moments: list[str]) -> None:
    found = islice(dues_after(DAILY, read_wall_time(wall), BERLIN, utc(after)), 2)

    assert [due.moment for due in found] == [utc(moment) for moment in moments]


@pytest.mark.parametrize(
    ("cadence", "days"),
    [
        ("daily", ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("weekdays", ["2026-02-27", "2026-03-02", "2026-03-03"]),
        ("weekly:sun", ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("monthly:1", ["2026-03-01", "2026-04-01", "2026-05-01"]),
        ("monthly:31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
    ],
)
def test_each_cadence_falls_on_its_days(cadence: str, days: list[str]) -> None:
    found = islice(dues_after(read_cadence(cadence), time(7, 30), BERLIN, utc("2026-02-26T12:00")), 3)

    assert [due.day.isoformat() for due in found] == days


def test_a_day_that_was_told_is_not_told_again_when_the_zone_moves_west() -> None:
    after = utc("2026-11-20T06:30")
    found = next(dues_after(DAILY, time(7, 30), ZoneInfo("America/New_York"), after, date(2026, 11, 20)))

    assert found.day == date(2026, 11, 21)
    assert next(dues_after(DAILY, time(7, 30), BERLIN, after)).moment - after == timedelta(days=1)


@pytest.mark.parametrize(
    "text", ["", "hourly", "weekly", "weekly:someday", "monthly:0", "monthly:32", "monthly:01", "Daily"]
)
def test_what_is_no_cadence_is_refused(text: str) -> None:
    with pytest.raises(NoCadence):
        read_cadence(text)


@pytest.mark.parametrize("text", ["", "24:00", "7", "07:60", "7:3", "٠٧:٣٠", "07:30:00", " 07:30"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(NoCadence):
        read_wall_time(text)


@given(cadences)
def test_a_cadence_is_read_back_as_it_is_written(text: str) -> None:
    assert str(read_cadence(text)) == text
