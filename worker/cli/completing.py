"""What the shell's completion offers beside commands and options. It never raises and never makes a database."""

from __future__ import annotations

import os

#: The variable with which bash asks; it inserts an answer as it stands, so a space must not end the word.
BASH = "complete_bash"


def profile_names(incomplete: str) -> list[str]:
    """Return the names of profiles that begin so; none when they cannot be read."""
    try:
        names = _names()
    except Exception:  # noqa: BLE001 - a shell that completes a word must not show an error
        return []
    if os.environ.get("_RUNMAIL_COMPLETE") == BASH:
        names = [name.replace(" ", "\\ ") for name in names]
    return [name for name in names if name.startswith(incomplete)]


def _names() -> list[str]:
    from sqlalchemy import text

    from worker.database import make_engine
    from worker.settings import read_settings
    from worker.state import DATABASE_FILE, database_url, state_folder

    found = read_settings()
    if found.database_url is None and not (state_folder(found) / DATABASE_FILE).exists():
        return []
    engine = make_engine(database_url(found))
    with engine.execution_options(reading=True).connect() as connection:
        return list(connection.execute(text("SELECT name FROM profile ORDER BY name")).scalars())
