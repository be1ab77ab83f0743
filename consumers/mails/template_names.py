"""Names that templates use and that are not there, looked up in their syntax trees, also where no sample comes by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Literal, get_type_hints

from jinja2 import meta, nodes

from consumers.mails.rendering import MAIL_PARTS, VIEWS
from consumers.mails.sandbox import MailSandbox
from consumers.mails.template_files import OURS, TemplateFile, TemplateSet, our_files

#: What every template is given; `subject` only after the subject is made.
GIVEN = frozenset({"view", "event", "profile", "commands", "taken", "subject"})

#: The file, what follows from it, its line if it is about one, and what is wrong.
Found = tuple[TemplateFile, Literal["fault", "warning"], int | None, str]


def look_up_names(templates: TemplateSet) -> Iterator[Found]:
    """Return what the files of a set refer to that is not there, and which of them nothing refers to."""
    environment = MailSandbox(templates.load)
    trees = {name: environment.parse(file.text, name, str(file.path)) for name, file in templates.all.items()}
    # Blocks see what any template around them sets.
    made = GIVEN.union(*(_made(tree) for tree in trees.values()))
    for name, file in templates.own.items():
        tree = trees[name]
        for line, said in (*_unknown_templates(tree, templates), *_unknown_fields(tree, name)):
            yield file, "fault", line, said
        if name in MAIL_PARTS:
            for unknown in sorted(meta.find_undeclared_variables(tree) - made - _asked_whether_there(tree)):
                line_of = (node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown)
                yield file, "fault", next(line_of, None), f"the name “{unknown}” is not there"
        for line in _outside_blocks(tree):
            yield file, "warning", line, "what stands outside of a block is not shown, because the template extends one"
    referred = {target for tree in trees.values() for _, target, _ in _references(tree)}
    for name, file in templates.own.items():
        if name not in templates.beneath and name not in referred and None not in referred:
            yield file, "warning", None, "it replaces nothing and no template uses it"


def touched(templates: TemplateSet) -> set[str]:
    """Return the templates of mails, such as `alert`, that a set changes: by their parts or by what those refer to."""
    environment = MailSandbox(templates.load)
    files = {**templates.all, **{f"{OURS}{name}": file for name, file in our_files().items()}}
    refers = {
        name: {target for _, target, _ in _references(environment.parse(file.text))} for name, file in files.items()
    }
    found = set()
    for part in MAIL_PARTS:
        reached: set[str | None] = set()
        ahead: set[str | None] = {part}
        while ahead:
            reached |= ahead
            ahead = {target for name in ahead for target in refers.get(name or "", set())} - reached
        # A name that is made up while rendering may be any of them.
        if None in reached or not reached.isdisjoint(templates.own):
            found.add(part.partition("/")[0])
    return found


def view_fields(template: str) -> set[str]:
    """Return the names of the fields of a template's view."""
    return {field.name for field in fields(get_type_hints(VIEWS[template])["return"])}


def _unknown_templates(tree: nodes.Template, templates: TemplateSet) -> Iterator[tuple[int, str]]:
    for line, name, optional in _references(tree):
        if name is not None and not optional and templates.load(name) is None:
            yield line, f"there is no template “{name}”"


def _references(tree: nodes.Template) -> Iterator[tuple[int, str | None, bool]]:
    """Return line and name of each template that one refers to, and whether it may be missing.

    The name is None when it is known only while rendering.
    """
    kinds: tuple[type[nodes.Node], ...] = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
    for node in tree.find_all(kinds):
        target = getattr(node, "template")  # noqa: B009 - the four have it, their common class has not
        name = target.value if isinstance(target, nodes.Const) and isinstance(target.value, str) else None
        yield node.lineno, name, bool(getattr(node, "ignore_missing", False))


def _unknown_fields(tree: nodes.Template, name: str) -> Iterator[tuple[int, str]]:
    """Find fields of `view` that the view does not have; of a piece, those that no view has."""
    template = name.partition("/")[0]
    known = {each for view in ([template] if template in VIEWS else VIEWS) for each in view_fields(view)}
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "view" and node.attr not in known:
            yield node.lineno, f"`view` has no “{node.attr}”"


def _made(tree: nodes.Template) -> set[str]:
    """Return every name that a template sets or imports."""
    made = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    made |= {node.name for node in tree.find_all(nodes.Macro)} | {node.target for node in tree.find_all(nodes.Import)}
    for imported in tree.find_all(nodes.FromImport):
        made |= {name if isinstance(name, str) else name[1] for name in imported.names}
    return made


def _outside_blocks(tree: nodes.Template) -> Iterator[int]:
    """Return the lines of what a template that extends another writes outside of every block."""
    if not any(isinstance(node, nodes.Extends) for node in tree.body):
        return
    for node in tree.body:
        for part in node.nodes if isinstance(node, nodes.Output) else ():
            if not isinstance(part, nodes.TemplateData) or part.data.strip():
                yield part.lineno
                break


def _asked_whether_there(tree: nodes.Template) -> set[str]:
    """Return names that a template asks about before it uses them."""
    asked = [node.node for node in tree.find_all(nodes.Test) if node.name in ("defined", "undefined")]
    asked += [node.node for node in tree.find_all(nodes.Filter) if node.name in ("d", "default") and node.node]
    return {node.name for node in asked if isinstance(node, nodes.Name)}
