"""Which time a report is about: calendar days of a zone, right across daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.contract.events import Period, ReportRequestedData
from consumers.contract.period_names import CALENDAR_NAMES
from consumers.reports.periods import named_period, period_of
from consumers.walltime import first_moment, local_day, midnight

BERLIN = ZoneInfo("Europe/Berlin")
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
days = st.dates(date(1970, 2, 1), date(2037, 11, 30))
moments = st.floats(datetime(1971, 1, 1, tzinfo=UTC).timestamp(), datetime(2037, 11, 30, tzinfo=UTC).timestamp()).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
names = st.sampled_from(CALENDAR_NAMES) | st.tuples(st.integers(1, 50), st.sampled_from("hdw")).map(
    lambda span: f"{span[0]}{span[1]}"
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@settings(max_examples=400, deadline=None)
@given(zones, days)
def test_days_of_any_zone_follow_each_other_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)

    assert begin <= end
    assert local_day(begin, zone) >= day
    assert local_day(begin - timedelta(microseconds=1), zone) < day
    assert timedelta(0) <= end - begin <= timedelta(hours=48)


@settings(max_examples=400, deadline=None)
@given(zones, moments, names)
def test_a_period_ends_where_it_was_asked_for_and_begins_where_the_one_before_ends(
    zone: ZoneInfo, asked: datetime, name: str
) -> None:
    found = named_period(name, asked, zone)

    assert found.before.begin <= found.before.end == found.period.begin <= found.period.end <= asked


@settings(max_examples=200, deadline=None)
@given(zones, moments, st.sampled_from([("yesterday", 1), ("last-week", 7), ("last-month", 32)]))
def test_what_is_reported_every_time_tiles_time(zone: ZoneInfo, asked: datetime, step: tuple[str, int]) -> None:
    """A report of each day, week or month misses no run and tells none twice."""
    name, most = step
    first = named_period(name, asked, zone).period
    following = next(
        found
        for days_on in range(1, most + 2)
        if (found := named_period(name, asked + timedelta(days=days_on), zone).period) != first
    )

    assert following.begin == first.end


@pytest.mark.parametrize(
    ("name", "asked", "begin", "end", "hours"),
    [
        # A day of 23 hours, one of 25, and a usual one.
        ("yesterday", "2026-03-30T07:30", "2026-03-29T00:00", "2026-03-30T00:00", 23),
        ("yesterday", "2026-10-26T07:30", "2026-10-25T00:00", "2026-10-26T00:00", 25),
        ("yesterday", "2026-11-20T00:00", "2026-11-19T00:00", "2026-11-20T00:00", 24),
        ("today", "2026-10-25T12:00", "2026-10-25T00:00", "2026-10-25T12:00", 13),
        # Weeks begin on Monday.
        ("this-week", "2026-11-22T23:00", "2026-11-16T00:00", "2026-11-22T23:00", 167),
        ("last-week", "2026-11-16T00:00", "2026-11-09T00:00", "2026-11-16T00:00", 168),
        ("last-week", "2026-11-22T23:59", "2026-11-09T00:00", "2026-11-16T00:00", 168),
        ("last-week", "2026-03-31T07:30", "2026-03-23T00:00", "2026-03-30T00:00", 167),
        ("last-month", "2026-11-01T00:00", "2026-10-01T00:00", "2026-11-01T00:00", 745),
        ("this-month", "2026-11-02T00:00", "2026-11-01T00:00", "2026-11-02T00:00", 24),
        # Monday tells of Friday, Saturday and Sunday; Tuesday of Monday.
        ("since-workday", "2026-11-16T07:30", "2026-11-13T00:00", "2026-11-16T00:00", 72),
        ("since-workday", "2026-11-17T07:30", "2026-11-16T00:00", "2026-11-17T00:00", 24),
        ("since-workday", "2026-11-15T07:30", "2026-11-13T00:00", "2026-11-15T00:00", 48),
        # Hours are hours; days go from wall time to wall time.
        ("24h", "2026-10-25T12:00", "2026-10-24T13:00", "2026-10-25T12:00", 24),
        ("1d", "2026-10-25T12:00", "2026-10-24T12:00", "2026-10-25T12:00", 25),
        ("2w", "2026-04-01T12:00", "2026-03-18T12:00", "2026-04-01T12:00", 335),
    ],
)
def test_names_mean_days_weeks_and_months_of_the_zone(name: str, asked: str, begin: str, end: str, hours: int) -> None:
    period = named_period(name, berlin(asked), BERLIN).period

    assert (period.begin, period.end) == (berlin(begin), berlin(end))
    assert period.end - period.begin == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("yesterday", "2026-03-28T00:00"),
        ("last-week", "2026-03-16T00:00"),
        ("last-month", "2026-01-01T00:00"),
        ("today", "2026-03-29T00:00"),
        ("24h", "2026-03-28T11:00"),
        ("2d", "2026-03-26T12:00"),
    ],
)
def test_the_period_before_is_as_many_days_and_the_month_before_a_month(name: str, begin: str) -> None:
    assert named_period(name, berlin("2026-03-30T12:00"), BERLIN).before.begin == berlin(begin)


def test_a_stated_period_of_whole_days_is_compared_with_as_many_days() -> None:
    stated = Period(from_=berlin("2026-03-29T00:00"), to=berlin("2026-03-30T00:00"))
    odd = Period(from_=berlin("2026-11-20T06:00"), to=berlin("2026-11-20T18:00"))
    asked = berlin("2026-12-01T00:00")

    assert period_of(ReportRequestedData(profile="p", period=stated), asked, BERLIN).before.begin == berlin(
        "2026-03-28T00:00"
    )
    assert period_of(ReportRequestedData(profile="p", period=odd), asked, BERLIN).before.begin == berlin(
        "2026-11-19T18:00"
    )


def test_without_an_end_a_report_ends_when_it_was_asked_for_and_without_anything_it_is_a_day() -> None:
    asked = berlin("2026-11-20T07:30")
    since = period_of(ReportRequestedData(profile="p", since=berlin("2026-11-18T00:00")), asked, BERLIN).period
    nothing = period_of(ReportRequestedData(profile="p"), asked, BERLIN).period

    assert (since.begin, since.end) == (berlin("2026-11-18T00:00"), asked)
    assert nothing.begin == berlin("2026-11-19T07:30")


def test_a_wall_time_that_is_left_out_is_the_end_of_the_gap_and_one_that_comes_twice_its_first() -> None:
    assert first_moment(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert first_moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_is_empty() -> None:
    """Samoa went from Thursday to Saturday when it crossed the date line."""
    apia = ZoneInfo("Pacific/Apia")

    assert midnight(date(2011, 12, 30), apia) == midnight(date(2011, 12, 31), apia)
    assert midnight(date(2011, 12, 29), apia) < midnight(date(2011, 12, 30), apia)


def test_a_stated_period_of_millennia_is_one_all_the_same() -> None:
    stated = Period(from_=datetime(1970, 1, 2, tzinfo=UTC), to=datetime(9998, 1, 1, tzinfo=UTC))
    found = period_of(ReportRequestedData(profile="p", period=stated), berlin("2026-11-20T07:30"), BERLIN)

    assert found.before.begin < found.before.end == found.period.begin


def test_what_names_no_period_is_refused() -> None:
    with pytest.raises(ValueError, match="names no period"):
        named_period("fortnight", berlin("2026-11-20T07:30"), BERLIN)
