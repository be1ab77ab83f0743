"""The sandbox that templates run in: what they may use, and that they come to an end.

Beyond Jinja's immutable sandbox (no attribute that reaches out, nothing changed) only a list of filters and of
methods is there, and everything that can multiply is counted (`bounds`). It knows nothing of mails.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from consumers.mails.bounds import MAX_ITEMS, MAX_TEXT, TooMuch, power, product, short, sized, spent

#: Returns a template's text and the file it comes from; None for a name that is none.
Load = Callable[[str], tuple[str, str] | None]

#: Filters that take one text, number or item and give one.
ON_TEXTS = (
    *("abs", "capitalize", "center", "e", "escape", "filesizeformat", "float", "forceescape", "format", "indent"),
    *("int", "lower", "replace", "round", "safe", "string", "striptags", "title", "trim", "truncate", "upper"),
    *("urlencode", "wordcount", "wordwrap"),
)
#: Filters that take lists. None of ours is random: the same mail is the same on every attempt.
ON_LISTS = (
    *("batch", "count", "d", "default", "dictsort", "first", "groupby", "items", "join", "last", "length", "list"),
    *("map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum"),
    *("unique",),
)
#: Filters whose arguments multiply nothing.
FREE_ARGUMENTS = frozenset({"d", "default", "format", "truncate"})
GLOBALS = ("cycler", "dict", "joiner", "namespace", "range")

_TEXT_METHODS = (
    *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal"),
    *("isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition"),
    *("removeprefix", "removesuffix", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith"),
    *("strip", "swapcase", "title", "upper"),
)
#: What may be called on values of these types; of others everything that Jinja's sandbox lets through.
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT_METHODS),
    bytes: frozenset(),
    int: frozenset(),
    float: frozenset(),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
}
#: A conversion of printf whose width or precision has three digits or more, or comes from an argument.
_WIDE = re.compile(r"%[^%a-zA-Z]*(\*|\d{3})")

# Filters that only the compiler can write: no name in a template contains a blank.
_TURNS, _TEXT, _SIZED = " turns", " text", " sized"


class MailSandbox(ImmutableSandboxedEnvironment):
    """Templates from `load`, escaped where their name ends in `.html`. Compiled templates are kept for good."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "%"})

    def __init__(self, load: Load) -> None:
        super().__init__(**_options(load), finalize=_written)
        self.filters = {
            **{name: _bounded(name, self.filters[name], on_texts=True) for name in ON_TEXTS},
            **{name: _bounded(name, self.filters[name], on_texts=False) for name in ON_LISTS},
            _TURNS: _turns,
            _TEXT: pass_context(lambda _, value: _scalar(value)),
            _SIZED: pass_context(lambda _, value: sized(value)),
        }
        self.globals = {name: self.globals[name] for name in GLOBALS}

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call an object and count it as a step."""
        spent().step()
        return sized(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate, unless the result would be too large."""
        if operator == "*":
            product(left, right)
        elif operator == "**":
            power(left, right)
        elif operator == "%" and isinstance(left, str):
            raise TooMuch("texts are filled in with the filter `format`, not with %")
        return sized(super().call_binop(context, operator, left, right))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether an attribute may be reached."""
        allowed = next((names for kind, names in METHODS.items() if isinstance(obj, kind)), None)
        return super().is_safe_attribute(obj, attr, value) and (allowed is None or attr in allowed)

    def wrap_str_format(self, value: Any) -> None:
        """Offer no `str.format`: its widths are not bounded."""

    def get_template(self, *args: Any, **kwargs: Any) -> Any:
        """Load a template and count it as a step."""
        spent().step()
        return super().get_template(*args, **kwargs)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """Generate Python from a template in which everything that can multiply is counted."""
        return str(super()._generate(_Counting().visit(source), *args, **kwargs))


def uncounted(load: Load) -> ImmutableSandboxedEnvironment:
    """Return an environment for our own templates, which need no counting: it costs a third of their time."""
    return ImmutableSandboxedEnvironment(**_options(load))


def _options(load: Load) -> dict[str, Any]:
    return {
        "loader": FunctionLoader(lambda name: _found(load(name))),
        "autoescape": lambda name: bool(name and name.endswith(".html")),
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": False,
        "auto_reload": False,
        "cache_size": -1,
    }


def _found(template: tuple[str, str] | None) -> tuple[str, str, None] | None:
    return (*template, None) if template is not None else None


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


def _written(value: Any) -> Any:
    """Count what an expression writes."""
    value = _scalar(value)
    spent().write(len(value) if isinstance(value, str) else 20)
    return value


def _scalar(value: Any) -> Any:
    """Return a value that can be written; a list or nothing is a slip, and an unknown name an error of its own."""
    if isinstance(value, Undefined):
        return str(value)
    if not isinstance(value, str | int | float):
        raise TooMuch(f"it writes what is no text and no number ({type(value).__name__})")
    return sized(value)


def _bounded(name: str, call: Callable[..., Any], *, on_texts: bool) -> Callable[..., Any]:
    """Wrap a filter so that neither its arguments nor its result can be large."""
    before = 1 if hasattr(call, "jinja_pass_arg") else 0

    @functools.wraps(call)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        passed, rest = args[:before], list(args[before:])
        if on_texts:
            rest[0] = _scalar(rest[0])
        elif name == "join":
            rest[0] = _joinable(rest[0])
        if name == "format" and _WIDE.search(str(rest[0])):
            raise TooMuch("it fills in with a width of three digits")
        for argument in (*rest[1:], *kwargs.values()):
            if name == "format":
                _scalar(argument)
            elif name not in FREE_ARGUMENTS:
                short(argument)
        return sized(call(*passed, *rest, **kwargs))

    return bounded


def _joinable(value: Iterable[Any]) -> list[Any]:
    """Return the items of what is joined, which must be texts or numbers and not too many together."""
    items, characters = [], 0
    for item in value:
        items.append(_scalar(item))
        characters += len(item) if isinstance(item, str) else 20
        if characters > MAX_TEXT or len(items) > MAX_ITEMS:
            raise TooMuch("it joins a text that is too long")
    return items
