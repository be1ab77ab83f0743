"""Reading a mail folder over IMAP: which mails came after a UID, how large they are, their octets.

Nothing is changed on the server: mails are peeked at, so that what a person sees as unseen stays so. UIDs alone decide
what is new. No value from a mail ever goes into a command. It does not know what was read before, nor what becomes of
a mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from profiles.classify import classify
from profiles.errors import TransientMailError
from profiles.imap_link import FAILURES, ImapLink
from profiles.verbs import Verb

#: UIDs that one search answers with at most: imaplib takes no line above 1 MB, and a UID has up to 10 digits.
SEARCH_SPAN = 50_000
#: Octets of a mail that are asked for at a time. What takes longer than a command may, on a slow line, is cut smaller.
PIECE = 4 * 1024 * 1024
#: Octets of the headers of a mail that is too large to be kept.
MOST_HEADERS = 256 * 1024
#: UIDs in one command: a line of at most 5.5 kB, which every server takes (RFC 7162 4 asks for 8 kB).
MOST_UIDS = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was opened. UIDs mean something only together with `uidvalidity` (RFC 9051 2.3.1.1).

    `next_uid` is above every UID there is.
    """

    name: str
    uidvalidity: int
    next_uid: int
    count: int
    permanent_flags: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail before it is fetched; `internal_at` in milliseconds since 1970 UTC, None when the server names none."""

    uid: int
    size: int
    internal_at: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The UIDs, ascending, of a stretch of a folder that was searched up to `through`."""

    uids: tuple[int, ...]
    through: int


def open_folder(link: ImapLink, name: str, *, writable: bool = False) -> Folder:
    """Open a folder, read-only unless its mails are to be marked.

    Raises:
        TransientMailError: when it cannot be opened; `uidvalidity_missing` when it has no lasting UIDs.
    """
    found: dict[bytes, Any] = _asked(Verb.SELECT, lambda: link.select_folder(name, readonly=not writable))
    uidvalidity, next_uid, count = (found.get(key) for key in (b"UIDVALIDITY", b"UIDNEXT", b"EXISTS"))
    if not isinstance(uidvalidity, int):
        raise TransientMailError("uidvalidity_missing", verb=Verb.SELECT)
    # Times as the server states them, with their zone.
    link.normalise_times = False
    if not isinstance(next_uid, int):
        # Old servers do not say it; "*" is the last mail's (RFC 9051 9, seq-number).
        next_uid = max(_asked(Verb.FETCH, lambda: link.search(["UID", "*"])), default=0) + 1
    flags = found.get(b"PERMANENTFLAGS")
    permanent = tuple(flag for flag in flags if isinstance(flag, bytes)) if isinstance(flags, tuple) else ()
    return Folder(name, uidvalidity, next_uid, count if isinstance(count, int) else 0, permanent)


def find_between(link: ImapLink, folder: Folder, cursor: int, end: int, since: date | None = None) -> Found:
    """Return the UIDs above `cursor` and up to `end`, of mails that came on `since` or later; one stretch of them.

    Raises:
        TransientMailError: when the search fails.
    """
    if cursor >= end:
        return Found((), cursor)
    through = end if folder.count <= SEARCH_SPAN else min(cursor + SEARCH_SPAN, end)
    criteria = ["UID", f"{cursor + 1}:{through}", *(["SINCE", since] if since else [])]
    answer = _asked(Verb.FETCH, lambda: link.search(criteria))
    # What a server names beyond the question was not asked for.
    return Found(tuple(sorted({uid for uid in answer if cursor < uid <= through})), through)


def list_mails(link: ImapLink, uids: Sequence[int]) -> list[Listed]:
    """Return sizes and times of mails, by UID; mails that are gone are left out.

    Raises:
        TransientMailError: when they cannot be listed.
    """
    found = []
    for begin in range(0, len(uids), MOST_UIDS):
        answer = _fetched(link, uids[begin : begin + MOST_UIDS], "RFC822.SIZE", "INTERNALDATE")
        for uid, items in answer.items():
            size, taken_in = items.get(b"RFC822.SIZE"), items.get(b"INTERNALDATE")
            if isinstance(size, int):
                found.append(Listed(uid, size, round(taken_in.timestamp() * 1000) if taken_in else None))
    return sorted(found, key=lambda each: each.uid)


def fetch_mails(link: ImapLink, uids: Sequence[int]) -> dict[int, bytes]:
    """Return the octets of mails, each at most PIECE as it was listed; mails that are gone are left out.

    Raises:
        TransientMailError: when they cannot be fetched.
    """
    found: dict[int, bytes] = {}
    for begin in range(0, len(uids), MOST_UIDS):
        answer = _fetched(link, uids[begin : begin + MOST_UIDS], "BODY.PEEK[]")
        found.update(
            (uid, items[b"BODY[]"]) for uid, items in answer.items() if isinstance(items.get(b"BODY[]"), bytes)
        )
    return found


def fetch_large_mail(link: ImapLink, uid: int, most: int) -> bytes | None:
    """Return the octets of one mail piece by piece, no more than `most` + 1; None when it is gone.

    Raises:
        TransientMailError: when it cannot be fetched.
    """
    pieces: list[bytes] = []
    length = 0
    while length <= most:
        piece = _fetch_piece(link, uid, "", length, min(PIECE, most + 1 - length))
        if piece is None:
            return None if not pieces else b"".join(pieces)
        pieces.append(piece)
        length += len(piece)
        if len(piece) < PIECE:
            break
    return b"".join(pieces)


def fetch_headers(link: ImapLink, uid: int) -> bytes | None:
    """Return the headers of one mail, at most MOST_HEADERS octets; None when it is gone.

    Raises:
        TransientMailError: when they cannot be fetched.
    """
    return _fetch_piece(link, uid, "HEADER", 0, MOST_HEADERS)


def _fetch_piece(link: ImapLink, uid: int, section: str, begin: int, length: int) -> bytes | None:
    item = f"BODY.PEEK[{section}]<{begin}.{length}>"
    answer = _fetched(link, [uid], item).get(uid, {})
    piece = answer.get(f"BODY[{section}]<{begin}>".encode())
    return piece[:length] if isinstance(piece, bytes) else None


def _fetched(link: ImapLink, uids: Sequence[int], *items: str) -> dict[int, dict[bytes, Any]]:
    return _asked(Verb.FETCH, lambda: dict(link.fetch(uids, list(items))))


def _asked(verb: Verb, ask: Callable[[], T]) -> T:
    """Return what a command answered; every way in which an answer can be wrong is a TransientMailError."""
    try:
        return ask()
    except FAILURES as error:
        raise classify(error, verb) from None
    except (TypeError, KeyError, IndexError, AttributeError):
        # What a hostile answer makes imapclient's parser raise beyond its own errors.
        raise TransientMailError("malformed_reply", verb=verb) from None
