"""The files that pages load: served from the folders `static` of the packages, named by what is in them.

The hash of a file's content stands in its address, so that browsers may keep it for ever. Nothing here is secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"
#: Where they are served.
PREFIX = "/static"


class Assets:
    """The files of several folders, the first folder that has a name winning."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._hashes: dict[str, str] = {}
        for folder in reversed(folders):
            for path in folder.iterdir():
                if path.is_file():
                    self._hashes[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        self.served = _Kept(folders)

    def address(self, name: str) -> str:
        """Return the address of a file.

        Raises:
            KeyError: when there is none of that name: a fault of a template.
        """
        return f"{PREFIX}/{name}?v={self._hashes[name]}"

    def named(self, ending: str, besides: Sequence[str] = ()) -> list[str]:
        """Return the names with an ending, in their order, without some."""
        return sorted(name for name in self._hashes if name.endswith(ending) and name not in besides)


class _Kept(StaticFiles):
    """Static files that a browser keeps."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(check_dir=False)
        self.all_directories = list(folders)

    async def check_config(self) -> None:
        """The folders are parts of the program: there is nothing to check."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file, to be kept for ever where its address names its content."""
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = FOR_EVER if scope.get("query_string") else "no-cache"
        return answer
