"""Changing the key file: a new first key, or an old one less. Whole or not at all, with mode 0600.

Two that change it at once take turns by a lock. It knows nothing of what is sealed with the keys.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from profiles.errors import KeyringInvalid
from profiles.sealing import KEY_BYTES, Keyring
from worker.settings import Settings
from worker.state import KEY_FILE, StateUnusable, prepare, secret_keys, state_folder


@dataclass(frozen=True, slots=True)
class Key:
    """A new secret key. Its repr shows the id alone."""

    id: str
    entry: str = field(repr=False)


def new_key() -> Key:
    """Make a key of random bytes."""
    key_id = f"k{secrets.token_hex(3)}"
    return Key(key_id, f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii')}")


def add_key(settings: Settings, key: Key) -> Path:
    """Put a key in front of those in the key file, which is made if it is not there; return its path.

    Raises:
        StateUnusable: when the file cannot be read or written.
        KeyringInvalid: when what stands in it are no keys.
    """
    return _change(settings, lambda entries: [key.entry, *entries])


def remove_key(settings: Settings, key_id: str) -> Path:
    """Take an old key out of the key file; return its path.

    Raises:
        StateUnusable: when the file cannot be read or written.
        KeyringInvalid: when there is no such key, or it is the first, which seals.
    """

    def without(entries: list[str]) -> list[str]:
        ids = [entry.partition(":")[0] for entry in entries]
        if key_id not in ids:
            raise KeyringInvalid(f"there is no key “{key_id}”: there are {', '.join(ids)}")
        if key_id == ids[0]:
            raise KeyringInvalid(f"key “{key_id}” is the first, which seals: make a new one before it is removed")
        return [entry for entry, each in zip(entries, ids, strict=True) if each != key_id]

    return _change(settings, without)


def _change(settings: Settings, change: Callable[[list[str]], list[str]]) -> Path:
    """Write what `change` makes of the entries: into a new file that takes the place of the old one."""
    path = prepare(state_folder(settings)) / KEY_FILE
    with _turn(path):
        entries = [entry.strip() for entry in secret_keys(settings).split(",") if entry.strip()]
        text = ",".join(change(entries))
        Keyring.parse(text)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise StateUnusable(f"the key file {path} cannot be written: {error.strerror}") from None
    return path


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait until nobody else changes the key file."""
    try:
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateUnusable(f"the key file {path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
