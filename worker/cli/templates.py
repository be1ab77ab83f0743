"""`runmail templates`: the texts of mails, ours and those that replace them."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from consumers.mails.template_check import check_folder
from consumers.mails.template_files import SETS, FolderUnusable, TemplateFile, TemplateSet, our_files, read_sets
from worker.cli import entry, shown
from worker.cli.progress import Progress

app = typer.Typer(
    help="The texts of mails: which are ours, which are replaced, and whether they are sound.",
    no_args_is_help=True,
    epilog="Example: runmail templates copy alert/subject.txt mail-templates · "
    "runmail templates check mail-templates. More: docs/templates.md.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Folder = Annotated[Path | None, typer.Option("--templates", help="Folder of templates. [RUNMAIL_TEMPLATES]")]
NO_FOLDER = "there is no folder of templates: name one, or set RUNMAIL_TEMPLATES"


@app.command("list", epilog="Example: runmail templates list --templates mail-templates --json")
def list_(templates: Folder = None, as_json: AsJson = False) -> None:
    """List every template and the file it comes from, for each set."""
    folder = templates or entry.settings().templates
    rows = [
        {
            "set": each.name,
            "template": name,
            "from": str(file.path) if name in each.own else _beneath(each, name),
            "replaces": name in each.own and name in each.beneath,
        }
        for each in (_sets(folder) if folder else [TemplateSet(None, {}, our_files())])
        for name, file in sorted(each.all.items())
    ]
    if as_json:
        shown.print_json(rows)
    else:
        shown.print_table(("set", "template", "from"), ([row["set"], row["template"], row["from"]] for row in rows))


@app.command(epilog="Example: runmail templates check mail-templates")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of templates. [RUNMAIL_TEMPLATES]")] = None,
    as_json: AsJson = False,
) -> None:
    """Compile every template and render it for every kind of event. Exit 1 if a worker would refuse the folder."""
    folder = folder or entry.settings().templates
    if folder is None:
        shown.fail(NO_FOLDER, 2)
    sets: list[str | None] = []
    with Progress("rendering samples"):
        found = list(check_folder(folder, lambda each: sets.append(each.templates.name)))
    faults = sum(each.verdict == "fault" for each in found)
    if as_json:
        shown.print_json(
            {
                "folder": str(folder),
                "sound": not faults,
                "sets": [name for name in sets if name],
                "findings": [each.to_json() for each in found],
            }
        )
    else:
        for each in found:
            shown.say(f"{'✗' if each.verdict == 'fault' else '!'} {each}")
        if not faults:
            named = len(sets) - 1
            shown.say(f"The templates are sound{f', {named} named sets with them' if named > 0 else ''}.")
    if faults:
        raise typer.Exit(1)


@app.command(epilog="Example: runmail templates diff alert --templates mail-templates")
def diff(
    name: Annotated[str, typer.Argument(help="Only templates whose name begins so, such as alert or frame.html.")] = "",
    templates: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show how templates differ from what they replace. A named set is compared with what it falls back to."""
    folder = templates or entry.settings().templates
    if folder is None:
        shown.fail(NO_FOLDER, 2)
    differing = [
        (each, file, _difference(each, file))
        for each in _sets(folder)
        for file in each.own.values()
        if f"{SETS}/{each.name}/{file.name}".startswith(name) or file.name.startswith(name)
    ]
    if name and not differing:
        shown.fail(f"nothing in {folder} replaces “{name}”")
    if as_json:
        shown.print_json(
            [
                {"set": each.name, "template": file.name, "file": str(file.path), "diff": lines}
                for each, file, lines in differing
            ]
        )
        return
    for _, _, lines in differing:
        for line in lines:
            shown.say(line)


@app.command(epilog="Example: runmail templates copy run_finished mail-templates --set checkout")
def copy(
    name: Annotated[str, typer.Argument(help="A template such as alert/subject.txt, or all of alert.")],
    folder: Annotated[Path | None, typer.Argument(help="Folder of templates. [RUNMAIL_TEMPLATES]")] = None,
    into: Annotated[str | None, typer.Option("--set", help="Copy into this named set.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy ours into a folder, to change them there. What is there already stays as it is."""
    folder = folder or entry.settings().templates
    if folder is None:
        shown.fail(NO_FOLDER, 2)
    if into is not None and (not into.strip(". ") or "/" in into or into.startswith(".")):
        shown.fail(f"“{into}” cannot be the name of a set", 2)
    wanted = [file for file in our_files().values() if file.name == name or file.name.startswith(f"{name}/")]
    if not wanted:
        shown.fail(f"there is no template “{name}”: `runmail templates list` names them", 2)
    to = folder / SETS / into if into else folder
    copied, there = [], []
    for file in wanted:
        path = to / file.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as copied_to:
                copied_to.write(file.text)
            copied.append(str(path))
        except FileExistsError:
            there.append(str(path))
        except OSError as error:
            shown.fail(f"{path} cannot be written: {error.strerror}")
    if as_json:
        shown.print_json({"copied": copied, "there": there})
    else:
        for each in copied:
            shown.say(each)
    if there:
        shown.fail(f"there already, and left as it is: {', '.join(there)}")


def _sets(folder: Path) -> list[TemplateSet]:
    try:
        return read_sets(folder)
    except FolderUnusable as error:
        shown.fail(str(error))


def _beneath(templates: TemplateSet, name: str) -> str:
    """Return where a template comes from that the set itself does not have."""
    file = templates.beneath[name]
    return "built-in" if our_files().get(name) == file else str(file.path)


def _difference(templates: TemplateSet, file: TemplateFile) -> list[str]:
    before = templates.beneath.get(file.name)
    origin = "nothing" if before is None else f"runmail/{file.name}"
    if before is not None and before != our_files().get(file.name):
        origin = str(before.path)
    return list(
        unified_diff(
            before.text.splitlines() if before else [], file.text.splitlines(), origin, str(file.path), lineterm=""
        )
    )
