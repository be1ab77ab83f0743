"""The arguments that commands about profiles have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.cli.completing import profile_names

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(autocompletion=profile_names, help="Name of the profile.", show_default=False)]
