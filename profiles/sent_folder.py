"""Looking for mails that went out: in the folders where a mailbox keeps what its owner sent, by Message-ID.

Read only, and only by ids that we made: nothing taken from a mail reaches a command. It does not know why one looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from profiles.classify import classify
from profiles.errors import PermanentMailError
from profiles.imap_link import FAILURES, ImapLink
from profiles.verbs import Verb

#: Flags of such folders (RFC 6154): what was sent, everything, the archive.
FLAGS = (b"\\sent", b"\\all", b"\\archive")
#: Names that servers without these flags give them, without the prefix of the personal namespace.
NAMES = ("sent", "sent items", "sent messages", "sent mail", "archive", "archives", "all mail")
#: Folders that are searched at most: a mailbox has one of each kind.
MOST_FOLDERS = 4

_OURS = re.compile(r"[a-z0-9]{1,64}@[a-z0-9.-]{1,253}\Z")


def find_sent(link: ImapLink, message_ids: Iterable[str]) -> frozenset[str]:
    """Return those of our Message-IDs (without brackets) that a mail in a folder of sent mail bears.

    Raises:
        TransientMailError: when the mailbox cannot be read.
        PermanentMailError: `message_id_unusable` for an id that is none of ours.
    """
    wanted = list(message_ids)
    for each in wanted:
        if not _OURS.match(each):
            raise PermanentMailError("message_id_unusable", verb=Verb.FETCH)
    found: set[str] = set()
    try:
        for folder in sent_folders(link.list_folders()):
            link.select_folder(folder, readonly=True)
            for each in wanted:
                if each not in found and link.search(["HEADER", "Message-ID", f"<{each}>"]):
                    found.add(each)
    except FAILURES as error:
        raise classify(error, Verb.FETCH) from None
    return frozenset(found)


def sent_folders(listed: Iterable[tuple[tuple[bytes, ...], bytes | None, Any]]) -> list[str]:
    """Choose among the folders a server lists (flags, delimiter, name): by flag, else by a usual name."""
    folders = [
        ({flag.lower() for flag in flags}, (delimiter or b"/").decode("ascii", "replace"), str(name))
        for flags, delimiter, name in listed
    ]
    open_ones = [each for each in folders if b"\\noselect" not in each[0]]
    flagged = [name for flag in FLAGS for flags, _, name in open_ones if flag in flags]
    named = [name for _, delimiter, name in open_ones if name.rpartition(delimiter)[2].lower() in NAMES]
    return list(dict.fromkeys([*flagged, *named]))[:MOST_FOLDERS]
