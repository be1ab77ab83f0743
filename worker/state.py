"""The state folder: where it is, and the key file in it.

The folder is made with mode 0700 and the key file with 0600. It knows nothing of what is sealed with the keys.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from worker.settings import Settings

KEY_FILE = "secret-keys"
DATABASE_FILE = "runmail.sqlite3"


class StateUnusable(Exception):
    """Raised when the state folder or a file in it cannot be made or read."""


def state_folder(settings: Settings) -> Path:
    """Return the state folder: RUNMAIL_HOME, `.runmail` in a checkout, else the user's state folder."""
    if settings.home is not None:
        return settings.home.expanduser().absolute()
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "worker" / "__main__.py").is_file():
        return checkout / ".runmail"
    return Path("~/.local/state/runmail").expanduser()


def prepare(folder: Path) -> Path:
    """Make the state folder, private to its owner.

    Raises:
        StateUnusable: when it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnusable(
            f"the state folder {folder} cannot be made ({error.strerror}): set RUNMAIL_HOME to a folder you may write"
        ) from None
    return folder


def database_url(settings: Settings) -> str:
    """Return the database's address; the embedded default is SQLite in the state folder."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{prepare(state_folder(settings)) / DATABASE_FILE}"


def secret_keys(settings: Settings) -> str:
    """Return the text of the secret keys; without RUNMAIL_SECRET_KEYS a key file is made once.

    Raises:
        StateUnusable: when the key file cannot be made, or others may read it.
    """
    if settings.secret_keys is not None:
        return settings.secret_keys.get_secret_value()
    path = prepare(state_folder(settings)) / KEY_FILE
    _make_once(path)
    try:
        if path.stat().st_mode & 0o077:
            raise StateUnusable(f"others may read the key file {path}: run `chmod 600 {path}`")
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StateUnusable(f"the key file {path} cannot be read: {error}") from None


def _make_once(path: Path) -> None:
    """Write a new key unless the file is there; of two processes that try at once one wins."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    key = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"k{secrets.token_hex(3)}:{key}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise StateUnusable(f"the key file {path} cannot be made: {error.strerror}") from None
