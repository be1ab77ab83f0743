"""`runmail --version`: which release runs, for a report of a fault or a look at many hosts."""

from __future__ import annotations

import typer


def show_version(wanted: bool) -> None:
    """Print the version of the installed package and end the command, if it is asked for."""
    if wanted:
        typer.echo(f"runmail {version_of('runmail')}")
        raise typer.Exit


def version_of(package: str) -> str:
    """Return the version of a package, or say that it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # no other command needs it

    try:
        return version(package)
    except PackageNotFoundError:
        return "of no known version: it runs from a folder and is not installed as a package"
