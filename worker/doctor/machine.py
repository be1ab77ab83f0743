"""The doctor on this machine: settings, state folder, disk, secret keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from profiles.errors import KeyringInvalid
from profiles.sealing import Keyring
from worker.doctor.finding import Finding, Surroundings
from worker.settings import SECRETS, Settings
from worker.state import StateUnusable, prepare, secret_keys, state_folder

#: Free bytes below which a disk is about to stop the database, and below which that is a matter of days.
LEAST_FREE = 500 * 2**20
LITTLE_FREE = 2 * 2**30
#: File systems on which SQLite's locks cannot be relied on.
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph")
#: How alike two names must be, of 1, to take one for a mistyped other.
ALIKE = 0.85


def examine_settings(around: Surroundings) -> Iterator[Finding]:
    """Name variables that look like a setting and are none: a mistyped one is ignored silently."""
    known = [f"RUNMAIL_{name.upper()}" for name in Settings.model_fields]
    known += [f"RUNMAIL_{name.upper()}_FILE" for name in SECRETS]
    given = [name for name in around.environment if name.startswith("RUNMAIL_")]
    for name in sorted(set(given) - set(known)):
        for meant in get_close_matches(name, known, 1, ALIKE):
            yield Finding("settings", "warning", f"{name} is no setting", f"{meant} is probably meant")


def examine_state(settings: Settings, around: Surroundings) -> Iterator[Finding]:
    """Examine the state folder: that it can be written, is private, on a local disk, and that there is room."""
    folder = state_folder(settings)
    try:
        free = around.free_bytes(prepare(folder))
        mode, owner = folder.stat().st_mode, folder.stat().st_uid
    except (StateUnusable, OSError) as error:
        yield Finding("state folder", "wrong", str(error), "set RUNMAIL_HOME to a folder that this user may write")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        advice = "give it to the user that runs runmail, or set RUNMAIL_HOME"
        yield Finding("state folder", "wrong", f"{folder} cannot be written", advice)
    elif mode & 0o077:
        yield Finding("state folder", "warning", f"others may look into {folder}", f"run `chmod 700 {folder}`")
    elif owner != os.geteuid():
        advice = "run runmail as its owner, or give it to the user that runs runmail"
        yield Finding("state folder", "warning", f"{folder} belongs to another user", advice)
    else:
        yield Finding("state folder", "ok", str(folder))
    said = f"{free / 2**30:.1f} GB free"
    if free < LEAST_FREE:
        yield Finding("disk", "wrong", said, "make room: a full disk stops accepting events; see `runmail prune`")
    elif free < LITTLE_FREE:
        yield Finding("disk", "warning", said, "make room before it is full; see `runmail prune`")
    else:
        yield Finding("disk", "ok", said)
    kind = _file_system(folder, around.mounts())
    if settings.database_url is None and kind in NETWORK_FILE_SYSTEMS:
        advice = "set RUNMAIL_HOME to a local disk, or use PostgreSQL: SQLite's locks fail there and events are lost"
        yield Finding("database", "wrong", f"SQLite on a network file system ({kind})", advice)


def examine_keys(settings: Settings) -> tuple[Keyring | None, list[Finding]]:
    """Read the secret keys; return them, or None when they cannot be used."""
    try:
        keyring = Keyring.parse(secret_keys(settings))
    except (KeyringInvalid, StateUnusable) as error:
        return None, [Finding("secret keys", "wrong", str(error), "set RUNMAIL_SECRET_KEYS, or mend the key file")]
    if settings.secret_keys is None and settings.database_url is not None:
        advice = "every host needs the same keys: set RUNMAIL_SECRET_KEYS"
        return keyring, [Finding("secret keys", "warning", "a key file of this host with a shared database", advice)]
    return keyring, [Finding("secret keys", "ok", "readable")]


def _file_system(folder: Path, mounts: str) -> str:
    """Return the kind of file system a folder is on, from the text of /proc/mounts; empty when it is not there."""
    best, kind = "", ""
    resolved = folder.resolve()
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 3:
            continue
        # proc(5) writes spaces in a path as \040.
        place = words[1].replace("\\040", " ")
        if resolved.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, words[2]
    return kind
