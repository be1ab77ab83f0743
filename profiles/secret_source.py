"""Where a password in a profiles file comes from: the environment, a file, or (with a warning) the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator

#: Bytes of a password file that are read at most: a file that is longer is not one.
MOST_BYTES = 4096


class NoSecret(ValueError):
    """Raised when a source has no password; the text never shows one."""


@dataclass(frozen=True, slots=True)
class SecretSource:
    """One of `{ env = "NAME" }`, `{ file = "path" }` and a literal; the repr does not show the last."""

    env: str | None = None
    file: str | None = None
    literal: str | None = field(default=None, repr=False)

    def read(self, environment: Mapping[str, str], folder: Path) -> str:
        """Return the password; a relative file lies in `folder`.

        Raises:
            NoSecret: when the variable or file is missing, empty or unreadable.
        """
        if self.env is not None:
            if self.env not in environment:
                raise NoSecret(f"the environment variable {self.env} is not set")
            secret, where = environment[self.env], f"the environment variable {self.env}"
        elif self.file is not None:
            secret, where = read_secret_file(folder / self.file), f"the file {self.file}"
        else:
            secret, where = self.literal or "", "the password"
        if not secret:
            raise NoSecret(f"{where} is empty")
        return secret


def read_secret_file(path: Path) -> str:
    """Return a file's text without the line end that editors leave.

    Raises:
        NoSecret: when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise NoSecret(f"the file {path} is too long for a password")
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise NoSecret(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NoSecret(f"the file {path} is not UTF-8 text") from None


def _source(value: object) -> SecretSource:
    """Take what TOML gives for `password`."""
    match value:
        case SecretSource():
            return value
        case str():
            return SecretSource(literal=value)
        case {"env": str(name), **rest} if not rest:
            return SecretSource(env=name)
        case {"file": str(path), **rest} if not rest:
            return SecretSource(file=path)
    raise ValueError('say { env = "NAME" } or { file = "path" }')


Password = Annotated[SecretSource, PlainValidator(_source)]
