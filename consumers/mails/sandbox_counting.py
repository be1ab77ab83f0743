"""Counting in what Jinja compiles: turns of loops, texts that are put together, lists that are made.

Jinja asks its environment before it calls or calculates, but not for these; so they become filters in the syntax
tree, whose names no template can write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from consumers.mails.bounds import sized, spent
from consumers.mails.sandbox_filters import Filter, scalar

# No name in a template contains a blank.
_TURNS, _TEXT, _SIZED = " turns", " text", " sized"


def count_in(source: nodes.Template) -> nodes.Template:
    """Return a syntax tree in which everything that can multiply is counted.

    Raises:
        TemplateSyntaxError: for a loop that calls itself.
    """
    counted: nodes.Template = _Counting().visit(source)
    return counted


class _Counting(NodeTransformer):
    """Changes a syntax tree so that loops, texts put together and lists made are counted."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the names are Jinja's
        if node.recursive:
            raise TemplateSyntaxError("a loop may not be recursive", node.lineno)
        self.generic_visit(node)
        said = sum(len(part.data) for part in node.find_all(nodes.TemplateData))
        node.iter = _filtered(_TURNS, node.iter, nodes.Const(said, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.nodes = [_filtered(_TEXT, part) for part in node.nodes]
        return _filtered(_SIZED, node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if node.ctx == "store" else _filtered(_SIZED, node)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(_SIZED, node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(_SIZED, node)


def _filtered(name: str, node: Any, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno, environment=node.environment)


@pass_context
def _turns(_: Context, value: Any, characters: int) -> Any:
    """Hand out the items of a loop and count each turn; a name that is not there stays one."""
    return value if isinstance(value, Undefined) else _each(value, characters)


def _each(value: Iterable[Any], characters: int) -> Iterator[Any]:
    count = spent()
    for item in value:
        count.step(characters)
        yield item


#: What a counted tree refers to. They ask for the context so that Jinja does not run them while it compiles.
COUNTING_FILTERS: dict[str, Filter] = {
    _TURNS: _turns,
    _TEXT: pass_context(lambda _, value: scalar(value)),
    _SIZED: pass_context(lambda _, value: sized(value)),
}
