"""Mails put into the folders of Dovecot's Maildir, as a delivery agent would."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.dovecot import Dovecot

Deliver = Callable[..., Path]


@pytest.fixture
def deliver(dovecot: Dovecot) -> Deliver:
    """Put mails into a folder of Dovecot's Maildir, in the order of the calls."""
    count = 0

    def put(source: bytes, folder: str = "INBOX", taken_in: float | None = None) -> Path:
        nonlocal count
        count += 1
        home = dovecot.home
        box = home.maildir if folder == "INBOX" else home.maildir / f".{folder}"
        moment = time.time() if taken_in is None else taken_in
        for part in ("new", "cur", "tmp"):
            if not (box / part).is_dir():
                (box / part).mkdir(parents=True, mode=0o700)
                os.chown(box, home.owner.pw_uid, home.owner.pw_gid)
                os.chown(box / part, home.owner.pw_uid, home.owner.pw_gid)
        # The number keeps the order: Dovecot gives out UIDs by name.
        path = box / "new" / f"{1_700_000_000 + count}.{secrets.token_hex(4)}.rig"
        path.write_bytes(source)
        os.chown(path, home.owner.pw_uid, home.owner.pw_gid)
        os.utime(path, (moment, moment))
        return path

    return put
