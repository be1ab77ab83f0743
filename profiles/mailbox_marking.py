"""Marking mails that were dealt with, where a profile wants it: a keyword, or another folder.

For people who look into the mailbox; what is new is decided by UIDs alone. It never deletes: a mail is moved only by a
server that offers to move it whole (RFC 6851).
"""

from __future__ import annotations

from collections.abc import Sequence

from profiles.classify import classify
from profiles.errors import TransientMailError
from profiles.imap_link import FAILURES, ImapLink
from profiles.mailbox_reading import MOST_UIDS, Folder
from profiles.profile import ImapSettings
from profiles.verbs import Verb

#: What a server says among a folder's permanent flags when it takes any keyword (RFC 9051 7.1).
ANY_KEYWORD = b"\\*"


def mark_mails(link: ImapLink, folder: Folder, settings: ImapSettings, uids: Sequence[int]) -> None:
    """Give mails the profile's keyword, then move them to its folder; the folder must be open for writing.

    Raises:
        TransientMailError: `keyword_not_allowed`, `move_not_offered`, or why the server did not.
    """
    keyword = settings.keyword
    if keyword and not {keyword.lower().encode(), ANY_KEYWORD} & {flag.lower() for flag in folder.permanent_flags}:
        raise TransientMailError("keyword_not_allowed", verb=Verb.STORE)
    try:
        if settings.move_to and not link.has_capability("MOVE"):
            raise TransientMailError("move_not_offered", verb=Verb.MOVE)
        for begin in range(0, len(uids), MOST_UIDS):
            chosen = uids[begin : begin + MOST_UIDS]
            if keyword:
                link.add_flags(chosen, [keyword.encode()], silent=True)
            if settings.move_to:
                link.move(chosen, settings.move_to)
    except FAILURES as error:
        raise classify(error, Verb.MOVE if settings.move_to else Verb.STORE) from None
