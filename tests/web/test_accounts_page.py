"""The page of accounts and their trail."""

from __future__ import annotations

import re

from sqlmodel import Session

from profiles.authors import Author
from profiles.page.shell.visitors import Role
from tests.web.conftest import ADMIN, RunningPage
from worker.web.account_trail import Deed, record


def whens(text: str) -> list[str]:
    """Return the accounts of the trail's rows, in their order."""
    return re.findall(r'data-label="Account"><div class="cell">([^<]*)<', text)


def test_it_shows_who_may_log_in_and_who_did_a_page_at_a_time_both_ways(page: RunningPage) -> None:
    client = page.viewer()
    with Session(page.ground.engine) as session, session.begin():
        for number in range(120):
            record(session, f"n{number}", Deed.LOGIN, Author("x", "page", "192.0.2.1"), page.clock() + number)

    first = client.get("/settings/accounts").text
    assert "victor" in first
    assert whens(first) == [f"n{number}" for number in range(119, 69, -1)]
    assert "Newer" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = client.get(older[1]).text
    assert whens(second) == [f"n{number}" for number in range(69, 19, -1)]
    newer = re.search(r'rel="prev" href="([^"]+)"', second)
    assert newer is not None
    assert whens(client.get(newer[1]).text) == whens(first)


def test_a_name_that_would_be_a_script_is_a_name(page: RunningPage) -> None:
    page.accounts.add("<script>alert(1)</script>", Role.VIEWER, None, by=Author("\u202egnp.exe", "cli", "h"))
    text = page.admin().get("/settings/accounts").text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text


def test_what_is_no_place_in_the_list_is_its_beginning(page: RunningPage) -> None:
    client = page.admin()
    for query in ("before=x", "after=-1", "before=99999999999999999999", "before=0"):
        assert client.get(f"/settings/accounts?{query}").status_code == 200, query
    assert ADMIN in client.get("/settings/accounts?after=1").text
