"""Spool: a folder that keeps events while no broker answers, one file an event, until the next publish sends them.

A file is the event as CloudEvents JSON, prepared already, so no credential lies in it; its name is the time and a hash
of source and id. Files are written whole or not at all, and readable by their owner only. A file is removed once its
event is on the queue: a publisher killed in between leaves it to be sent again, which is the same event. It knows
no Redis.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .batches import Batch, batches
from .events import Event
from .malformed import MalformedEvent
from .preparing import prepared
from .reading import read_event, read_json
from .sizes import MAX_EVENT_BYTES

#: Files and bytes of one folder: days of a busy team's events. Beyond, somebody should look at the broker.
MAX_FILES = 10_000
MAX_BYTES = 256 * 1024 * 1024
#: Bytes of one file; an event has fewer than `MAX_EVENT_BYTES`, written by hand with room to spare.
MAX_FILE = 4 * MAX_EVENT_BYTES
#: End of the name of a file that is no event, added to it.
SET_ASIDE = ".refused"
_LOCK = ".lock"


class SpoolUnusable(Exception):
    """Raised when the folder cannot keep events, or cannot give them up: `reason` is `full` or `unusable`."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class Spool:
    """A folder of events that wait for a broker.

    `kept`, `sent` and `set_aside` tell what became of events since this object was made: how many were kept, how many
    of the folder are on the queue, and which files are no events, with the reason.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        max_files: int = MAX_FILES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.folder = Path(folder)
        self.kept = 0
        self.sent = 0
        self.set_aside: list[tuple[Path, MalformedEvent]] = []
        self._clock = clock
        self._max_files = max_files
        self._max_bytes = max_bytes
        self._last = datetime.min.replace(tzinfo=UTC)
        self._turn = threading.Lock()

    def keep(self, events: Iterable[Event]) -> None:
        """Keep prepared events, in order.

        Raises:
            SpoolUnusable: when the folder is full or cannot be written; events before are kept.
        """
        with self._turn, self._usable("written"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files, size = self._filled()
            try:
                for event in events:
                    content = event.to_json_text().encode() + b"\n"
                    files, size = files + 1, size + len(content)
                    if files > self._max_files or size > self._max_bytes:
                        text = f"{self.folder} is full: send what waits with `runmail publish spool`"
                        raise SpoolUnusable("full", text)
                    self._write(self._name(event), content)
                    self.kept += 1
            finally:
                _sync(self.folder)

    def waiting(self) -> list[Path]:
        """Return the files that wait, oldest first; none when there is no folder.

        Raises:
            SpoolUnusable: when the folder cannot be read.
        """
        with self._usable("read"):
            try:
                return sorted(path for path in self.folder.iterdir() if path.suffix == ".json")
            except FileNotFoundError:
                return []

    def sending(self, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Generator[Batch]:
        """Yield what waits as batches for the queue, oldest first.

        A batch is on the queue when the next is asked for: then its files are removed. Whoever stops asking leaves the
        files where they are. While another publisher sends from the folder there is nothing to yield.

        Raises:
            SpoolUnusable: when the folder cannot be read, or files not removed.
        """
        paths: deque[Path] = deque()
        if not self.waiting():
            return
        with self._usable("written"), self._alone() as is_alone:
            # Whether to mask was decided when an event was kept.
            for batch in batches(self._events(paths) if is_alone else (), clock, new_id, mask=False):
                yield batch
                for _ in batch.events:
                    paths.popleft().unlink(missing_ok=True)
                    self.sent += 1

    def _events(self, paths: deque[Path]) -> Iterator[Event]:
        """Yield the events that wait and note their files in `paths`; what is no event is set aside."""
        for path in self.waiting():
            try:
                event = prepared(read_event(read_json(_content(path))), mask=False)
            except FileNotFoundError:
                continue  # somebody else has sent it, or removed it
            except MalformedEvent as refused:
                with contextlib.suppress(FileNotFoundError):
                    path.rename(path.with_name(path.name + SET_ASIDE))
                self.set_aside.append((path, refused))
            else:
                paths.append(path)
                yield event

    def _name(self, event: Event) -> str:
        """Return a name that sorts behind every earlier one of this process."""
        self._last = max(self._clock().astimezone(UTC), self._last + timedelta(microseconds=1))
        identity = hashlib.sha256("\n".join(event.identity).encode()).hexdigest()[:16]
        return f"{self._last:%Y%m%dT%H%M%S.%fZ}-{identity}.json"

    def _write(self, name: str, content: bytes) -> None:
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / name)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _filled(self) -> tuple[int, int]:
        """Return how many files are in the folder, set aside ones included, and their bytes."""
        files = size = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    files, size = files + 1, size + entry.stat(follow_symlinks=False).st_size
        return files, size

    @contextlib.contextmanager
    def _usable(self, verb: str) -> Iterator[None]:
        """Say in our words what the system says of the folder."""
        try:
            yield
        except OSError as error:
            raise SpoolUnusable("unusable", f"{self.folder} cannot be {verb}: {error.strerror}") from None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Say whether nobody else sends from the folder; the system ends the lock of a publisher that is killed."""
        try:
            import fcntl
        except ImportError:  # Windows: two at once send a file twice, which is one event
            yield True
            return
        with open(os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600), "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


def _content(path: Path) -> bytes:
    """Read a file; what is none, such as a pipe that would never end, is refused.

    Raises:
        MalformedEvent: `not_json` or `too_large`.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise MalformedEvent("not_json", "is no file")
            content = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise MalformedEvent("not_json", f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE:
        raise MalformedEvent("too_large", f"has more than {MAX_FILE} bytes")
    return content


def _sync(folder: Path) -> None:
    """Make the names of new files last through a loss of power, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
