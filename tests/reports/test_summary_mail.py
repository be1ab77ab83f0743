"""The mail of a summary: pictures that mail programs show, words that say the same, periods as people say them."""

from __future__ import annotations

import email
import email.policy
import io
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from consumers.mails.budget import MAX_MESSAGE
from consumers.mails.charts import HEIGHT, WIDTH, trend_picture
from consumers.mails.period_words import period_words, short_period_words
from consumers.mails.related import Picture, with_pictures
from consumers.mails.summary_ready_view import trend_in_words
from tests.mails.conftest import example, mail

BERLIN = ZoneInfo("Europe/Berlin")
#: The least contrast of graphics with their ground (WCAG 2.2, 1.4.11).
CONTRAST = 3.0

rates = st.lists(st.none() | st.floats(0, 1), max_size=20).map(tuple)


def image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")


def luminance(colour: tuple[int, ...]) -> float:
    parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@settings(max_examples=150, deadline=None)
@given(rates, st.sampled_from(["good", "warn", "bad", "quiet"]))
def test_every_trend_is_drawn_whole_or_not_at_all(points: tuple[float | None, ...], tone: str) -> None:
    """Nothing passed, one point, gaps, all the same: each is a picture of the same size."""
    png = trend_picture(points, tone)

    if not any(point is not None for point in points):
        assert png is None
        return
    assert png is not None
    picture = image(png)
    assert picture.size == (2 * WIDTH, 2 * HEIGHT)
    box = picture.getchannel("A").getbbox()
    assert box is not None, "nothing is drawn"
    assert len(png) < 2_000


@pytest.mark.parametrize("ground", [(255, 255, 255), (24, 28, 34)])
@pytest.mark.parametrize("tone", ["good", "warn", "bad"])
def test_line_and_dot_are_seen_on_light_and_dark_ground(ground: tuple[int, int, int], tone: str) -> None:
    picture = image(trend_picture((1.0, 0.9), tone) or b"")
    solid = {
        colour[:3]
        for count, colour in picture.getcolors(100_000) or ()
        if isinstance(colour, tuple) and colour[3] > 240 and count > 15
    }

    assert len(solid) >= 2
    for colour in solid:
        light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= CONTRAST, colour


def test_a_fall_goes_down_and_a_rise_goes_up() -> None:
    def dot(points: tuple[float, ...]) -> float:
        """Return how far below the top the last point lies."""
        picture = image(trend_picture(points, "bad") or b"")
        box = picture.crop((2 * WIDTH - 10, 0, 2 * WIDTH, 2 * HEIGHT)).getchannel("A").getbbox()
        assert box is not None
        return box[1]

    assert dot((1.0, 0.5)) > dot((0.5, 1.0))
    assert dot((0.0, 0.0)) > dot((1.0, 1.0))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((0.92, 0.8, 0.97), "pass rate over 3 runs: from 92 % to 97 %, lowest 80 %"),
        ((0.92, None, 0.97), "pass rate over 3 runs, 1 without tests: from 92 % to 97 %, lowest 92 %"),
        ((1.0, 1.0), "pass rate over 2 runs: always 100 %"),
        ((0.0, 0.0), "pass rate over 2 runs: always 0 %"),
        ((0.5,), "pass rate of one run: 50 %"),
        ((None, None), "no pass rate"),
    ],
)
def test_a_trend_is_said_in_words(points: tuple[float | None, ...], words: str) -> None:
    assert trend_in_words(points) == words


def test_each_picture_is_a_part_that_the_page_names_and_alt_text_says_it() -> None:
    found = mail(example("summary-ready"))
    message = email.message_from_bytes(found.message, policy=email.policy.default)
    (related,) = [part for part in message.walk() if part.get_content_type() == "multipart/related"]
    page, *pictures = related.iter_parts()

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "multipart/related"]
    sources = re.findall(r'<img src="cid:([^"]+)" alt="([^"]+)"', page.get_content())
    assert [f"<{source}>" for source, _ in sources] == [part["Content-ID"] for part in pictures]
    assert all(alt.startswith("pass rate over ") for _, alt in sources)
    assert all(part.get_content_disposition() == "inline" and part.get_filename() is None for part in pictures)
    assert all(part.get_content().startswith(b"\x89PNG") for part in pictures)


def test_the_text_part_is_complete_without_pictures() -> None:
    text = mail(example("summary-ready")).text

    for word in (
        "+0.3 points",
        "98.1 %  checkout-api (−1.1 points)",
        "99.2 99 99.1",
        "failing since",
        "Slowest suites",
    ):
        assert word in text
    assert "cid:" not in text


def test_the_same_trend_twice_is_one_part_and_a_page_without_pictures_has_none() -> None:
    png = trend_picture((1.0, 1.0), "good") or b""
    pictures = [Picture(png, "one", WIDTH, HEIGHT), Picture(png, "two", WIDTH, HEIGHT)]

    assert with_pictures(b"part", f'<img src="{pictures[0].source}">', pictures).count(b"Content-ID: ") == 1
    assert with_pictures(b"part", "<p>", pictures) == b"part"


def test_a_summary_of_many_suites_stays_below_the_limit_with_all_its_pictures() -> None:
    suites = [
        {
            "suite": f"suite {number} " + "n" * 250,
            "runs": 9,
            "pass_rate": number / 200,
            "trend": [number / 200, 0.5, 0.7, 1],
        }
        for number in range(200)
    ]
    tests = [{"name": f"test {number} " + "ü" * 250, "suite": "s" * 250, "failures": 3} for number in range(50)]
    found = mail(example("summary-ready", suites=suites, worst=tests, flaky=tests))

    assert len(found.message) <= MAX_MESSAGE
    assert found.html.count("<img") == found.message.count(b"Content-ID: ") > 0
    assert "more suites not shown here." in found.text


@pytest.mark.parametrize(
    ("begin", "end", "words", "short"),
    [
        ("2026-11-19T00:00", "2026-11-20T00:00", "Thu 19 Nov 2026", "19 Nov"),
        ("2026-10-25T00:00", "2026-10-26T00:00", "Sun 25 Oct 2026", "25 Oct"),
        ("2026-11-16T00:00", "2026-11-23T00:00", "Mon 16 – Sun 22 Nov 2026", "16–22 Nov"),
        ("2026-10-26T00:00", "2026-11-02T00:00", "Mon 26 Oct – Sun 1 Nov 2026", "26 Oct – 1 Nov"),
        ("2026-12-28T00:00", "2027-01-04T00:00", "Mon 28 Dec 2026 – Sun 3 Jan 2027", "28 Dec – 3 Jan"),
        ("2026-10-01T00:00", "2026-11-01T00:00", "October 2026", "October 2026"),
        ("2026-11-19T06:00", "2026-11-20T00:00", "Thu 19 Nov 2026, 06:00 CET – Fri 20 Nov 2026, 00:00 CET", ""),
    ],
)
def test_a_period_is_said_as_people_say_it(begin: str, end: str, words: str, short: str) -> None:
    ends = [datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC) for text in (begin, end)]

    assert period_words(ends[0], ends[1], BERLIN) == words
    assert short_period_words(ends[0], ends[1], BERLIN) == short
