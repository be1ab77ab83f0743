"""The files that templates are made of: ours, those of a folder that replace ours, and named sets of them.

    FOLDER/alert/subject.txt             replaces our alert/subject.txt for every profile
    FOLDER/frame.html                    replaces the frame of every mail
    FOLDER/sets/NAME/alert/subject.txt   the same for profiles that name the set NAME
    FOLDER/greeting.html                 a piece of the admin's own, for `{% include %}`

A set falls back to the folder and the folder to ours. Ours are always reachable as `runmail/…`, so that a
template can extend the one it replaces. Everything is read once: half an edit is never sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")
#: Under which ours are reachable although they are replaced.
OURS = "runmail/"
#: The folder of the sets within a folder of templates.
SETS = "sets"
#: Files that are templates; others, such as a README, are none of ours.
SUFFIXES = (".html", ".txt")
#: Bytes of one file: far above any mail that a phone can show.
MAX_FILE = 100_000


class FolderUnusable(Exception):
    """Raised when a folder of templates cannot be read; names the file."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One template: its name within its set, its text, and the file it was read from."""

    name: str
    text: str
    path: Path


Files = Mapping[str, TemplateFile]


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The files that one set adds; `name` is None for the folder itself. `beneath` are those it falls back to."""

    name: str | None
    own: Files
    beneath: Files

    @property
    def all(self) -> dict[str, TemplateFile]:
        """Every template of the set by name, the ones it falls back to included."""
        return {**self.beneath, **self.own}

    def load(self, name: str) -> tuple[str, str] | None:
        """Return a template's text and file, for the sandbox; None for a name that is none."""
        if name.startswith(OURS):
            found = our_files().get(name.removeprefix(OURS))
        else:
            found = self.own.get(name) or self.beneath.get(name)
        return (found.text, str(found.path)) if found is not None else None


@cache
def our_files() -> Files:
    """Return our own templates by name."""
    return _read(TEMPLATES)


def built_in() -> TemplateSet:
    """Return the set that replaces nothing."""
    return TemplateSet(None, {}, our_files())


def read_sets(folder: Path) -> list[TemplateSet]:
    """Return the set of a folder itself and its named ones, in this order.

    Raises:
        FolderUnusable: when the folder is not there, or a file in it cannot be read.
    """
    if not folder.is_dir():
        raise FolderUnusable(f"the folder of templates {folder} is not there")
    files = _read(folder)
    base = TemplateSet(
        None, {name: file for name, file in files.items() if not name.startswith(f"{SETS}/")}, our_files()
    )
    try:
        names = sorted(
            each.name for each in (folder / SETS).glob("*") if each.is_dir() and not each.name.startswith(".")
        )
    except OSError as error:
        raise FolderUnusable(f"{folder / SETS} cannot be read: {error.strerror}") from None
    named = []
    for name in names:
        begin = f"{SETS}/{name}/"
        own = {
            path.removeprefix(begin): TemplateFile(path.removeprefix(begin), file.text, file.path)
            for path, file in files.items()
            if path.startswith(begin)
        }
        named.append(TemplateSet(name, own, base.all))
    return [base, *named]


def _read(folder: Path) -> dict[str, TemplateFile]:
    """Read every template below a folder; what begins with a dot is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in SUFFIXES or name.startswith(".") or "/." in name or path.is_dir():
            continue
        try:
            with path.open("rb") as file:
                octets = file.read(MAX_FILE + 1)
            if len(octets) > MAX_FILE:
                raise FolderUnusable(f"{path} is larger than {MAX_FILE:,} bytes")
            found[name] = TemplateFile(name, octets.decode("utf-8-sig").replace("\r\n", "\n"), path)
        except OSError as error:
            raise FolderUnusable(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise FolderUnusable(f"{path} is not UTF-8") from None
    return found
