"""Fetching mails in batches that are bounded by number and octets; what is too large is fetched without its body.

It talks to a folder that is open, and knows nothing of cursors and of what becomes of a mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from consumers.inbound.reading.read_mail import MAX_MAIL
from consumers.ledger.replies import Inbound
from profiles.imap_link import ImapLink
from profiles.mailbox_reading import MOST_HEADERS, PIECE, Listed, fetch_headers, fetch_large_mail, fetch_mails

#: Mails of a batch, and its octets unless its only mail has more: what a pass holds in memory, and fetches again at
#: worst. One command fetches it, in the time a command may take.
BATCH_MAILS = 500
BATCH_OCTETS = PIECE


def in_batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Cut a list of mails into batches."""
    batch: list[Listed] = []
    octets = 0
    for each in listed:
        if batch and (len(batch) == BATCH_MAILS or octets + each.size > BATCH_OCTETS):
            yield batch
            batch, octets = [], 0
        batch.append(each)
        octets += each.size
    if batch:
        yield batch


def fetch_batch(link: ImapLink, batch: Sequence[Listed]) -> list[Inbound]:
    """Fetch the mails of a batch; those that are gone meanwhile are left out.

    Raises:
        TransientMailError: when the server or the line fails; nothing of the batch comes back then.
    """
    at_once = [each.uid for each in batch if 0 < each.size <= PIECE]
    found = fetch_mails(link, at_once)
    mails = []
    for each in batch:
        raw = found.get(each.uid) if 0 < each.size <= PIECE else _fetch_alone(link, each)
        if raw is not None:
            mails.append(_inbound(each, raw))
    return mails


def unfetched(listed: Listed) -> Inbound:
    """Return what is kept of a mail that cannot be fetched."""
    return Inbound(listed.uid, listed.size, listed.internal_at, None, hashlib.sha256(b"").hexdigest())


def _fetch_alone(link: ImapLink, listed: Listed) -> bytes | None:
    return fetch_headers(link, listed.uid) if listed.size > MAX_MAIL else fetch_large_mail(link, listed.uid, MAX_MAIL)


def _inbound(listed: Listed, raw: bytes) -> Inbound:
    size = max(listed.size, len(raw))
    if size > MAX_MAIL:
        # Also where the server said less than it sent.
        raw = raw.partition(b"\r\n\r\n")[0][:MOST_HEADERS]
    return Inbound(listed.uid, size, listed.internal_at, raw, hashlib.sha256(raw).hexdigest())
