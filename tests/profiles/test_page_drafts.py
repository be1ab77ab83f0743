"""Unsaved forms: kept for one session and half an hour, with credentials that open for one server only."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session

from profiles.page.draft_place import Parts
from profiles.page.draft_shelf import KEPT_FOR, MOST, DraftShelf, Typed
from profiles.page.draft_tables import PageDraftRow
from profiles.sealing import Keyring, Service
from tests.profiles.conftest import Books, key_text

HERE: Parts = ("smtp.example.com", "465", "tls", "qa@example.com")
SERVER: Mapping[Service, Parts] = {"smtp": HERE}
FIELDS = {"name": "QA alerts", "smtp.host": "smtp.example.com"}


class Clock:
    now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(books: Books, keyring: Keyring, clock: Clock) -> DraftShelf:
    return DraftShelf(books.engine, keyring, clock)


def find(shelf: DraftShelf, draft_id: str, parts: Parts = HERE, owner: str = "ada") -> str | None:
    found = shelf.find(owner, draft_id, lambda fields: {"smtp": parts})
    return None if found is None else found.credentials.smtp


def test_what_was_typed_is_found_again_by_the_same_session_alone(shelf: DraftShelf) -> None:
    kept = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame")})
    found = shelf.find("ada", kept.id, lambda fields: SERVER)
    assert found is not None
    assert (found.fields, found.credentials.smtp, found.kept) == (FIELDS, "sesame", {"smtp"})
    assert shelf.find("eve", kept.id, lambda fields: SERVER) is None
    assert shelf.keep("eve", kept.id, 0, FIELDS, {"smtp": Typed(HERE)}).id != kept.id
    assert "sesame" not in repr(found)


@pytest.mark.parametrize("place", range(4))
def test_a_credential_opens_for_no_other_host_port_security_or_user(shelf: DraftShelf, place: int) -> None:
    kept = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame")})
    other = [*HERE]
    other[place] = "other"
    moved: Parts = (other[0], other[1], other[2], other[3])
    again = shelf.keep("ada", kept.id, 0, FIELDS, {"smtp": Typed(moved)})
    assert again.id == kept.id
    assert (again.credentials.smtp, again.stale["smtp"]) == (
        None,
        (("host", "port", "security", "username")[place],),
    )
    assert find(shelf, kept.id) == "sesame", "the server it was typed for stands there again"


def test_what_could_not_be_used_yet_may_be_mended_once(shelf: DraftShelf) -> None:
    kept = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed((None, None, "tls", "qa@example.com"), "sesame")})
    mended = shelf.keep("ada", kept.id, 0, FIELDS, {"smtp": Typed(HERE)})
    assert mended.credentials.smtp == "sesame"
    assert find(shelf, kept.id, ("evil.example", *HERE[1:])) is None


def test_what_is_sealed_opens_in_no_other_form(books: Books, shelf: DraftShelf) -> None:
    one = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame")})
    two = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "other")})
    with books.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE page_draft SET smtp_sealed = (SELECT smtp_sealed FROM page_draft WHERE id = :one) "
                "WHERE id = :two"
            ),
            {"one": one.id, "two": two.id},
        )
    assert find(shelf, two.id) is None
    assert find(shelf, one.id) == "sesame"


def test_no_column_holds_what_was_typed(books: Books, shelf: DraftShelf) -> None:
    shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame"), "imap": Typed(HERE, "open")})
    with Session(books.engine) as session:
        (row,) = session.exec(select(PageDraftRow)).scalars().all()
    kept = repr(row.model_dump())
    assert "sesame" not in kept
    assert "open" not in kept


def test_a_key_that_is_gone_means_typing_again(books: Books, shelf: DraftShelf, clock: Clock) -> None:
    kept = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame")})
    other = DraftShelf(books.engine, Keyring.parse(key_text("k2", 2)), clock)
    assert find(other, kept.id) is None


def test_after_half_an_hour_nothing_is_found_and_the_next_form_removes_it(
    books: Books, shelf: DraftShelf, clock: Clock
) -> None:
    kept = shelf.keep("ada", None, 0, FIELDS, {"smtp": Typed(HERE, "sesame")})
    clock.now += KEPT_FOR - 1
    assert find(shelf, kept.id) == "sesame"
    clock.now += 1
    assert find(shelf, kept.id) is None
    shelf.keep("eve", None, 0, FIELDS, {})
    assert rows(books) == 1


def test_a_session_has_no_more_than_some_and_a_saved_one_is_forgotten(books: Books, shelf: DraftShelf) -> None:
    kept = [shelf.keep("ada", None, 0, FIELDS, {}) for _ in range(MOST + 5)]
    shelf.keep("eve", None, 0, FIELDS, {})
    assert rows(books) == MOST + 1
    shelf.forget("eve", kept[-1].id)
    assert rows(books) == MOST + 1
    shelf.forget("ada", kept[-1].id)
    assert rows(books) == MOST


def rows(books: Books) -> int:
    with books.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(PageDraftRow)).scalar_one())
