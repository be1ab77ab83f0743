"""`runmail --version`: which release runs, for a report of a fault or a look at many hosts."""

from __future__ import annotations

import typer


def show_version(wanted: bool) -> None:
    """Print the version of the installed package and end the command, if it is asked for."""
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version  # no other command needs it

    try:
        found = version("runmail")
    except PackageNotFoundError:
        found = "of no known version: it runs from a folder and is not installed as a package"
    typer.echo(f"runmail {found}")
    raise typer.Exit
