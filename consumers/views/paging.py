"""Pages of long lists: the newest first, from one key to the next, and never more than a bounded search.

A page begins at a key and not at a number of rows, so that its cost does not grow with how far back it lies. Where
rows are filtered by what no index knows, at most MOST_SEARCHED of them are looked through; a page that breaks off
there says so, and the next one goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, or_, select

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
    names = [f"key_{number}" for number in range(len(search.order))]
    ordered = _window(search, place, names, upwards, most if search.filters else rows + 1)
    found, end = _read(connection, search, ordered, names, upwards, rows, most)
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


def _window(search: Search, place: Place, names: list[str], upwards: bool, most: int) -> Any:
    """Make the query for the rows that are looked through, the nearest first."""
    query: Any = select(*(column.label(name) for column, name in zip(search.order, names, strict=True)))
    query = query.select_from(search.source).where(*search.driving)
    key = place.after if upwards else place.before
    if key is not None:
        query = query.where(_is_beyond(search.order, key, upwards))
    return query.order_by(*(column.asc() if upwards else column.desc() for column in search.order)).limit(most)


def _read(
    connection: Connection,
    search: Search,
    ordered: Any,
    names: list[str],
    upwards: bool,
    rows: int,
    most: int,
) -> tuple[list[Key], Key | None]:
    """Return the keys found, one more than a page has, and the last key looked at when the search broke off."""
    if not search.filters:
        return [tuple(row) for row in connection.execute(ordered)], None
    window = ordered.subquery()
    keys = [window.c[name] for name in names]
    order = [key.asc() if upwards else key.desc() for key in keys]
    matching = select(*keys).join(search.table, search.order[-1] == keys[-1]).where(*search.filters)
    found = connection.execute(matching.order_by(*order).limit(rows + 1))
    last = connection.execute(select(*keys).order_by(*order).offset(most - 1).limit(1)).first()
    return [tuple(row) for row in found], None if last is None else tuple(last)


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
