"""last_day_away: the date until which the text of an automatic answer says that somebody is away.

Only a date that follows a word such as `until`, `back on` or `bis` counts, in the spellings of many languages. A
date that could be two (`05/06/2026` in English) is none.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import chain

from consumers.inbound.reading.phrases import any_of

#: Days after the mail within which the end of an absence must lie.
MAX_AHEAD = timedelta(days=400)
#: Characters of the text that are read, and of what may stand between the word and the date.
MAX_TEXT = 4_000

#: Words before the date at which an absence ends, casefolded, by language.
UNTIL: dict[str, tuple[str, ...]] = {
    "en": (
        "until", "till", "through", "thru", "back on", "back in the office on", "returning on", "return on",
        "returning", "back", "return", "return to the office on", "available again on", "available from",
    ),
    "de": ("bis zum", "bis einschließlich", "bis", "zurück am", "wieder am", "ab dem", "ab"),
    "fr": ("jusqu'au", "jusqu’au", "au", "de retour le", "retour le", "à partir du"),
    "es": ("hasta el", "hasta", "al", "regreso el", "de vuelta el", "a partir del"),
    "pt": ("até o dia", "até ao dia", "até", "regresso a", "retorno em", "de volta em", "a partir de"),
    "it": ("fino al", "sino al", "al", "rientro il", "rientrerò il", "dal"),
    "nl": ("tot en met", "t/m", "tot", "terug op", "weer op", "vanaf"),
    "pl": ("do dnia", "do", "wracam", "od dnia"),
    "cs": ("do", "vrátím se", "zpět", "od"),
    "sv": ("till och med", "t.o.m.", "till", "tillbaka den", "åter den", "tillbaka"),
    "da": ("til og med", "til", "tilbage den", "tilbake", "igen den"),
    "fi": ("saakka", "asti", "palaan", "takaisin", "tavoitettavissa"),
    "hu": ("vissza", "újra"),
    "ru": ("до", "по", "вернусь", "буду", "с"),
    "tr": ("tarihine kadar", "kadar", "dönüş"),
    "ro": ("până la", "până pe", "pana la", "revin pe"),
    "el": ("έως τις", "έως", "μέχρι τις", "μέχρι"),
}  # fmt: skip

_MONTHS_OF: tuple[tuple[str, ...], ...] = (
    ("jan", "gen", "ene", "янв", "sty", "led", "ιαν", "oca", "ian", "tammi", "січ"),
    ("feb", "fév", "fev", "фев", "lut", "úno", "φεβ", "şub", "helmi", "лют"),
    ("mar", "mär", "maa", "мар", "bře", "μαρ", "mrt", "бер"),
    ("apr", "avr", "abr", "апр", "kwi", "dub", "απρ", "nis", "huhti", "кві"),
    ("may", "mai", "mag", "mei", "maj", "мая", "май", "kvě", "μαΐ", "μαι", "touko", "máj", "тра"),
    ("jun", "juin", "giu", "июн", "cze", "červn", "ιουν", "haz", "iun", "kesä", "jún", "чер"),
    ("jul", "juil", "lug", "июл", "lip", "července", "červenc", "ιουλ", "tem", "iul", "heinä", "júl", "лип"),
    ("aug", "aoû", "ago", "авг", "sie", "srp", "αυγ", "ağu", "elo", "сер"),
    ("sep", "set", "сен", "wrz", "zář", "σεπ", "eyl", "syys", "sze", "вер"),
    ("oct", "okt", "ott", "out", "окт", "paź", "říj", "οκτ", "eki", "loka", "жов"),
    ("nov", "ноя", "lis", "νοε", "kas", "noi", "marras", "лис"),
    ("dec", "dez", "déc", "dic", "дек", "gru", "pro", "δεκ", "ara", "joulu", "гру"),
)
#: Month names by their beginnings, longest first, so that `juil` is tried before `jui`.
_MONTHS = sorted(
    ((name, number) for number, names in enumerate(_MONTHS_OF, 1) for name in names), key=lambda pair: -len(pair[0])
)

_UNTIL = re.compile(
    rf"(?<!\w)({any_of(chain.from_iterable(UNTIL.values()))})(?!\w)"
    r"[\s:,]*(?:\S+,? ){0,2}?"
    r"(?:(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<a>\d{1,2})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?:[./-]\s?(?P<y>\d{4}|\d{2})?)?(?!\d)"
    r"|(?P<d1>\d{1,2})(?:st|nd|rd|th|er|º|°|\.)?(?: de| of|\.)? (?P<m1>[^\W\d_]{3,12})\.?(?:,? (?:de )?(?P<y1>\d{4}))?"
    r"|(?P<m2>[^\W\d_]{3,12})\.? (?P<d2>\d{1,2})(?:st|nd|rd|th)?(?!\d|:)(?:,? (?P<y2>\d{4}))?)"
)
#: East Asian dates: `12月14日まで`, `2026년 12월 14일까지`, `至2026年12月14日`.
_EAST = re.compile(
    r"(?:(?P<y>\d{4})\s?[年년/.-]\s?)?(?P<m>\d{1,2})\s?[月월/.-]\s?(?P<d>\d{1,2})\s?(?:日|일)?(?:\s?[(（][^)）]{1,4}[)）])?\s?(?:まで|까지|に戻|返回|之前)|(?:至|到|直到)\s?(?:(?P<y2>\d{4})年)?(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日"
)
_ENGLISH = frozenset(UNTIL["en"])


def last_day_away(text: str, subject: str, sent: date | None) -> date | None:
    """Return the day on which an absence ends; None when none is plainly named.

    `sent` is the day of the mail: dates without a year mean the next such day, and an end before it is no end.
    Without `sent` only dates with a year count.
    """
    folded = " ".join(f"{text[:MAX_TEXT]}\n{subject}".casefold().split())
    ends: list[date] = []
    for found in _UNTIL.finditer(folded):
        end = _read(found, sent)
        if end is not None:
            ends.append(end)
    for found in _EAST.finditer(folded):
        end = _dated(found["y"] or found["y2"], int(found["m"] or found["m2"]), int(found["d"] or found["d2"]), sent)
        if end is not None:
            ends.append(end)
    if sent is not None:
        ends = [end for end in ends if sent - timedelta(days=1) <= end <= sent + MAX_AHEAD]
    return max(ends, default=None)


def _read(found: re.Match[str], sent: date | None) -> date | None:
    if found["iso"]:
        try:
            return date.fromisoformat(found["iso"])
        except ValueError:
            return None
    if found["a"]:
        return _from_numbers(int(found["a"]), int(found["b"]), found["y"], found["sep"], found[1] in _ENGLISH, sent)
    month = _month(found["m1"] or found["m2"])
    return _dated(found["y1"] or found["y2"], month, int(found["d1"] or found["d2"]), sent) if month else None


def _from_numbers(
    first: int, second: int, year: str | None, mark: str, english: bool, sent: date | None
) -> date | None:
    """Read a date in figures: the day comes first, except in English with slashes, where only one reading may fit."""
    day_first = _dated(year, second, first, sent)
    if not english or mark == ".":
        return day_first
    month_first = _dated(year, first, second, sent)
    if day_first is None or month_first is None or day_first == month_first:
        return day_first or month_first
    return None


def _month(name: str) -> int:
    return next((number for beginning, number in _MONTHS if name.startswith(beginning)), 0)


def _dated(year: str | None, month: int, day: int, sent: date | None) -> date | None:
    if year is None and sent is None:
        return None
    try:
        if year is not None:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        assert sent is not None
        found = date(sent.year, month, day)
        return found if found >= sent - timedelta(days=1) else date(sent.year + 1, month, day)
    except ValueError:
        return None
