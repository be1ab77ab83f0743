"""fetch_answers: what a server answered to FETCH, by UID, as imaplib split it into lines and literals. Pure.

Servers answer our few questions in one plain form, which one expression takes apart; imapclient's parser, which
knows every form, costs twice what fetching the mail does. Whatever does not have that form is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

#: Items without a literal in one answer: numbers, the time, and flags, which a server may add unasked.
_ITEM = rb'(?:UID|RFC822\.SIZE) \d{1,20}|INTERNALDATE "[^"\\]{26}"|FLAGS \([^()"]{0,1000}\)'
_PLAIN = re.compile(rb"(\d{1,10}) \(((?:%s)(?: (?:%s))*)\)\Z" % (_ITEM, _ITEM))
_BEFORE = re.compile(rb"(\d{1,10}) \(((?:(?:%s) )*)(BODY\[[A-Z]*\](?:<\d{1,20}>)?) \{(\d{1,10})\}\Z" % _ITEM)
_BEHIND = re.compile(rb"((?: (?:%s))*)\)\Z" % _ITEM)
_NUMBER = re.compile(rb"(UID|RFC822\.SIZE) (\d+)")
_TIME = re.compile(rb'INTERNALDATE "([ \d]\d)-([A-Z][a-z][a-z])-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}

Answers = dict[int, dict[bytes, Any]]


def plain_answers(pieces: Iterable[Any]) -> Answers | None:
    """Return the items of each mail by UID; None when an answer has another form, or a literal another length.

    The names and values are imapclient's: RFC822.SIZE a number, INTERNALDATE a datetime with its zone or None, BODY
    octets. Flags are left out.
    """
    found: Answers = {}
    left = iter(pieces)
    for piece in left:
        if isinstance(piece, tuple):
            before = _BEFORE.match(piece[0])
            behind = _behind(left)
            if before is None or behind is None or len(piece[1]) != int(before[4]):
                return None
            items, more = before[2] + behind, {before[3]: piece[1]}
        else:
            plain = _PLAIN.match(piece) if isinstance(piece, bytes) else None
            if plain is None:
                return None
            items, more = plain[2], {}
        named: dict[bytes, Any] = {each[1]: int(each[2]) for each in _NUMBER.finditer(items)}
        if b"INTERNALDATE" in items:
            named[b"INTERNALDATE"] = _moment(items)
        uid = named.pop(b"UID", None)
        if uid is None:
            # News of another mail's flags.
            if named or more:
                return None
            continue
        found.setdefault(uid, {}).update(named | more)
    return found


def _behind(pieces: Iterator[Any]) -> bytes | None:
    """Take the line behind a literal; None when it is more than a few items, or another literal."""
    line = next(pieces, None)
    found = _BEHIND.match(line) if isinstance(line, bytes) else None
    return found[1] if found else None


def _moment(items: bytes) -> datetime | None:
    """Return INTERNALDATE (RFC 9051 9, date-time); None for a time that there is not."""
    found = _TIME.search(items)
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        return datetime(
            int(year),
            _MONTHS.get(month, 0),
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(-ahead if sign == b"-" else ahead),
        )
    except ValueError:
        return None
