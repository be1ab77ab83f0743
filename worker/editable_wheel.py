"""Writes the wheel that makes a checkout importable where it lies (PEP 427, PEP 660), with no build tool.

Standard library only: the start on a bare machine installs it, so that `.venv/bin/runmail` and the version are
there like those of any package, and an edit in the checkout needs no second installation.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zipfile
from pathlib import Path


def write_editable_wheel(root: Path, folder: Path) -> Path:
    """Write the wheel of the checkout `root` into `folder` and return its path."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    groups = {"console_scripts": project["scripts"], **project.get("entry-points", {})}
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.pth": f"{root}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: runmail\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "\n".join(_group(group, names) for group, names in groups.items()),
    }
    record = "".join(_record_line(path, text) for path, text in files.items()) + f"{about}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def _group(group: str, names: dict[str, str]) -> str:
    """Return a group of entry points as the file lists it."""
    return "".join([f"[{group}]\n", *(f"{name} = {target}\n" for name, target in names.items())])


def _record_line(path: str, text: str) -> str:
    """Return the line of RECORD for a file: its path, hash and size in bytes."""
    content = text.encode("utf-8")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
    return f"{path},sha256={digest},{len(content)}\n"
