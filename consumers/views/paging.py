"""Pages of long lists: the newest first, from one key to the next, and never more than a bounded search.

A page begins at a key and not at a number of rows, so that its cost does not grow with how far back it lies. Where
rows are filtered by what no index knows, at most MOST_SEARCHED of them are looked through; a page that breaks off
there says so, and the next one goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, not_, or_, select

#: Rows of a page.
PAGE_ROWS = 50
#: Rows that are looked through for one page.
MOST_SEARCHED = 5_000

#: Where a row stands in its list: the values of its order, the last of them what identifies it.
Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind `before` in the list, or above `after`. Neither: the newest page."""

    before: Key | None = None
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is listed. `driving` are conditions that an index of `source` serves together with `order`, descending.

    `filters` are conditions on `table` that are tried row by row. The first of `order` is a number, the last identifies
    a row and is a column of `table`.
    """

    table: Table
    source: FromClause
    order: tuple[ColumnElement[Any], ...]
    driving: tuple[ColumnElement[bool], ...] = ()
    filters: tuple[ColumnElement[bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A page: what identifies its rows, newest first, and the keys its neighbours begin at, None where no more is.

    `searched` is how many rows were looked through when the search broke off before the page was full.
    """

    ids: tuple[Any, ...] = ()
    older: Key | None = None
    newer: Key | None = None
    searched: int | None = None


def by_id(table: Table, driving: Sequence[ColumnElement[bool]], filters: Sequence[ColumnElement[bool]]) -> Search:
    """Make a search in the order of a table's ids."""
    return Search(table, table, (table.c.id,), tuple(driving), tuple(filters))


def find_page(
    connection: Connection, search: Search, place: Place, *, rows: int = PAGE_ROWS, most: int = MOST_SEARCHED
) -> Found:
    """Return a page of what is searched for, in at most two queries; a key of another list begins at the newest."""
    place = Place(_fitting(place.before, search), _fitting(place.after, search))
    upwards = place.after is not None
    here = _here(search, place, upwards)
    end = _end(connection, here, most) if search.filters else None
    found = _read(connection, here, search, upwards, rows, end)
    more = len(found) > rows
    kept = found[:rows]
    if upwards:
        if not more and end is None:
            # The top is reached: the newest page, filled up.
            return find_page(connection, search, Place(), rows=rows, most=most)
        kept.reverse()
        beyond = kept[0] if more else end
        below = kept[-1] if kept else _beside(place.after, 1)
        return Found(_ids(kept), older=below, newer=beyond, searched=None if more else most)
    beyond = kept[-1] if more else end
    above = None if place.before is None else (kept[0] if kept else _beside(place.before, -1))
    return Found(_ids(kept), older=beyond, newer=above, searched=None if more or end is None else most)


def _here(search: Search, place: Place, upwards: bool) -> Any:
    """Make the query for the keys of the rows beyond a place, the nearest first."""
    order = [column.asc() if upwards else column.desc() for column in search.order]
    query: Any = select(*search.order).select_from(search.source).where(*search.driving).order_by(*order)
    key = place.after if upwards else place.before
    return query if key is None else query.where(_is_beyond(search.order, key, upwards))


def _end(connection: Connection, here: Any, most: int) -> Key | None:
    """Return the last key that is looked at, None where the list ends before; a walk through an index."""
    last = connection.execute(here.offset(most - 1).limit(1)).first()
    return None if last is None else tuple(last)


def _read(connection: Connection, here: Any, search: Search, upwards: bool, rows: int, end: Key | None) -> list[Key]:
    """Return the keys of the rows that fit, up to the end, and one more than a page has."""
    within = () if end is None else (not_(_is_beyond(search.order, end, upwards)), _is_up_to(search, end, upwards))
    return [tuple(row) for row in connection.execute(here.where(*search.filters, *within).limit(rows + 1))]


def _is_up_to(search: Search, end: Key, upwards: bool) -> ColumnElement[bool]:
    """Make the condition that an index can end at."""
    first = search.order[0]
    return first <= end[0] if upwards else first >= end[0]


def _is_beyond(order: Sequence[ColumnElement[Any]], key: Key, upwards: bool) -> ColumnElement[bool]:
    """Make the condition that a row stands beyond a key; its first part is what an index can begin at."""
    first, value = order[0], key[0]
    past = first > value if upwards else first < value
    if len(order) == 1:
        return past
    up_to = first >= value if upwards else first <= value
    return and_(up_to, or_(past, _is_beyond(order[1:], key[1:], upwards)))


def _fitting(key: Key | None, search: Search) -> Key | None:
    """Return a key that is one of this list's, None for anything else: a list that is filtered otherwise has others."""
    kinds = [column.type.python_type for column in search.order]
    return key if key is not None and [type(part) for part in key] == kinds else None


def _ids(keys: list[Key]) -> tuple[int | str, ...]:
    return tuple(key[-1] for key in keys)


def _beside(key: Key | None, step: int) -> Key:
    """Return a key a little beside one, so that a page that begins there has the row itself."""
    assert key is not None
    first = key[0]
    assert isinstance(first, int)
    return (first + step, *key[1:])
