"""Makes a bare checkout's own environment, then becomes the command in it.

Standard library only. It writes into the checkout and nowhere else: uv and its cache in `.tools`, the packages
in `.venv`. What it installs is locked by hash; where it comes from is the machine's own setting of pip or uv.
It knows nothing of what runmail does.

1. Find uv, or install it with pip into `.tools`.
2. Make `.venv`, install the locked packages into it, and the checkout itself as an editable package.
3. Stamp it, so that the next start has nothing to do and an interrupted one is done again.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from worker.editable_wheel import write_editable_wheel
from worker.installing import LOOK, Progress, StartFailed, run

#: Exit codes of a process ended by SIGINT and SIGTERM, as a shell reports them.
INTERRUPTED = 130
TERMINATED = 143

#: pip's options that uv shall follow when it came by pip, and uv's names for them.
FOLLOWED = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}


def is_bare_checkout(root: Path) -> bool:
    """Say whether `root` is a checkout of runmail whose own environment is not the one running."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    return project.get("name") == "runmail" and Path(sys.prefix).resolve() != (root / ".venv").resolve()


def start(root: Path, arguments: Sequence[str]) -> NoReturn:
    """Become `runmail` with `arguments` in the checkout's environment, made first where it is missing."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    # The tools of development come with `test` only; an environment that has them serves every command.
    locks = ["dev.lock"] if command == "test" else ["run.lock", "dev.lock"]
    signal.signal(signal.SIGTERM, _terminated)
    try:
        if not is_ready(root, locks):
            install(root, locks)
    except StartFailed as failure:
        sys.exit(f"runmail: {failure}")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        sys.exit(
            f"runmail: cannot write{where} ({error.strerror}) – the start installs into this folder, "
            "so clone it to one that is yours"
        )
    except KeyboardInterrupt:
        sys.stderr.write("\nrunmail: interrupted; the next start installs again\n")
        sys.exit(INTERRUPTED)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    program = root / ".venv" / "bin" / "runmail"
    # The same process goes on, so that a signal sent to it reaches the command.
    os.execv(program, [str(program), *arguments])  # noqa: S606


def _terminated(*_: object) -> NoReturn:
    sys.exit(TERMINATED)


def is_ready(root: Path, locks: Sequence[str]) -> bool:
    """Say whether `.venv` holds what one of the lock files names, complete and made for this very folder."""
    stamp = _read(root / ".venv" / "runmail-stamp")
    made = stamp in {_stamp(root, lock) for lock in locks}
    return made and all((root / ".venv" / "bin" / name).exists() for name in ("python", "runmail"))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _stamp(root: Path, lock: str) -> str:
    # The folder is part of it: scripts in an environment hold its path, so a moved checkout needs a new one.
    parts = [(root / "requirements" / lock).read_bytes(), (root / "pyproject.toml").read_bytes()]
    return f"{root}\n{lock} {hashlib.sha256(b''.join(parts)).hexdigest()}\n"


def install(root: Path, locks: Sequence[str]) -> None:
    """Make `.venv` ready for the first of `locks`; of two starts at once one works and the other waits.

    Raises:
        StartFailed: when it cannot be done; the text says what to do.
        OSError: when the folder cannot be written.
    """
    tools, venv, lock = root / ".tools", root / ".venv", root / "requirements" / locks[0]
    show = Progress()
    show.say(f"preparing {venv} – this is done once and writes into this folder only")
    tools.mkdir(exist_ok=True)
    with _alone(tools / "start.lock", show) as held:
        if is_ready(root, locks):
            return
        uv, env = _find_uv(root, held, show)

        def call(what: str, *words: str | Path) -> None:
            run([uv, *words], what, log=tools / "install.log", env=env, keep=[held], show=show)

        if not _is_usable(venv, root):
            if venv.exists():
                shutil.rmtree(venv)
            call("making the environment", "venv", "--python", sys.executable, venv)
        with _stamped(venv / "runmail-stamp", root, locks[0]):
            count = len(re.findall(r"^[A-Za-z0-9]", lock.read_text("utf-8"), re.MULTILINE))
            into: list[str | Path] = ["pip", "install", "--python", venv / "bin" / "python"]
            call(f"installing up to {count} packages", *into, "--require-hashes", "-r", lock)
            wheel = write_editable_wheel(root, tools)
            call("adding runmail itself", *into, "--no-deps", "--no-index", "--reinstall", wheel)


@contextmanager
def _stamped(stamp: Path, root: Path, lock: str) -> Iterator[None]:
    """Stamp the environment when the block ends well; until then it counts as unfinished.

    A command that failed before it touched the environment (no network, say) leaves it and its stamp alone: an
    environment that serves another state of the checkout, or was made by hand, must survive that.
    """
    before = _read(stamp)
    _write(stamp, f"{root}\nunfinished\n")
    try:
        yield
    except StartFailed as failure:
        if not failure.half_done:
            _write(stamp, before)
        raise
    _write(stamp, _stamp(root, lock))


@contextmanager
def _alone(path: Path, show: Progress) -> Iterator[int]:
    """Hold the start's lock; its file descriptor is passed on to what must not outlive it unseen."""
    began: float | None = None
    with open(path, "w") as file:
        while not _is_locked(file.fileno()):
            if began is None:
                began = time.monotonic()
                show.say("another start is installing here – waiting for it")
            show.tick("waiting", time.monotonic() - began)
            time.sleep(LOOK)
        yield file.fileno()


def _is_locked(descriptor: int) -> bool:
    """Try to take the lock and say whether it is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_usable(venv: Path, root: Path) -> bool:
    """Say whether packages may be installed on top of what is there.

    An environment without a stamp was made by hand and stays. One that an interrupted start left may hold half
    a package, and one of another folder points there: both are made anew.
    """
    stamp = _read(venv / "runmail-stamp")
    if stamp and (not stamp.startswith(f"{root}\n") or stamp.endswith("unfinished\n")):
        return False
    try:
        probe = subprocess.run(  # noqa: S603
            [venv / "bin" / "python", "-c", "import sys; print(sys.prefix)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return Path(probe.stdout.strip()).resolve() == venv.resolve()


def _find_uv(root: Path, held: int, show: Progress) -> tuple[Path, dict[str, str]]:
    """Return uv and the environment variables to call it with; install it where there is none."""
    env = {
        # The machine's own authorities, as browsers use them: a company's index is often signed by its own.
        "UV_SYSTEM_CERTS": "1",
        "UV_CACHE_DIR": str(root / ".tools" / "uv-cache"),
        "UV_PYTHON_DOWNLOADS": "never",
        **os.environ,
    }
    env.pop("VIRTUAL_ENV", None)
    on_path = shutil.which("uv")
    if on_path and _works(Path(on_path)):  # a version switcher's uv may be there and not work
        return Path(on_path), env
    own = root / ".tools" / "bin" / "uv"
    if not _works(own):
        _install_uv(root, held, show)
    return own, {**settings_of_pip(), **env}


def _works(uv: Path) -> bool:
    try:
        return subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _install_uv(root: Path, held: int, show: Progress) -> None:
    if importlib.util.find_spec("pip") is None:
        raise StartFailed(
            f"{sys.executable} has no pip and there is no uv – install one of them "
            "(on Debian and Ubuntu: `apt install python3-pip`) and start again"
        )
    # A target of our own is what Debian allows; a person's pip settings for other targets do not apply to it.
    env = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"}
    options = ["--no-input", "--no-cache-dir", "--disable-pip-version-check", "--upgrade", "--require-hashes"]
    places = ["--target", str(root / ".tools"), "-r", str(root / "requirements" / "start.lock")]
    run(
        [sys.executable, "-m", "pip", "install", *options, *places],
        "getting the installer (uv)",
        log=root / ".tools" / "install.log",
        env=env,
        keep=[held],
        show=show,
    )


def settings_of_pip() -> dict[str, str]:
    """Return pip's own index and certificate as uv's environment variables."""
    if importlib.util.find_spec("pip") is None:
        return {}
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found: dict[str, Any] = {}
    for option, variable in FOLLOWED.items():
        for section in ("global", "install", ":env:"):  # the last one set wins, as in pip
            match = re.search(rf"^{section}\.{option}='(.*)'$", listing.stdout, re.MULTILINE)
            if match:
                found[variable] = match[1]
    return found
