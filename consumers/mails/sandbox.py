"""The sandbox that templates run in: what they may use, and that they come to an end.

Beyond Jinja's immutable sandbox (no attribute that reaches out, nothing changed) only some filters and methods are
there, and everything that can multiply is counted (`bounds`). It knows nothing of mails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from consumers.mails.bounds import TooMuch, power, product, sized, spent
from consumers.mails.sandbox_counting import COUNTING_FILTERS, count_in
from consumers.mails.sandbox_filters import bounded_filters, scalar

#: Returns a template's text and the file it comes from; None for a name that is none.
Load = Callable[[str], tuple[str, str] | None]

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


class MailSandbox(ImmutableSandboxedEnvironment):
    """Templates from `load`, escaped where their name ends in `.html`. Compiled templates are kept for good."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "%"})

    def __init__(self, load: Load) -> None:
        super().__init__(**_options(load), finalize=scalar)
        self.filters = {**bounded_filters(self.filters), **COUNTING_FILTERS}
        self.globals = {name: self.globals[name] for name in GLOBALS}

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call an object and count it as a step; a method of a text reads all of it."""
        owner = getattr(__obj, "__self__", None)
        spent().step(len(owner) if isinstance(owner, str) else 0)
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
        return str(super()._generate(count_in(source), *args, **kwargs))


class OurSandbox(ImmutableSandboxedEnvironment):
    """Our own templates, which need no counting: it costs a third of their time."""

    def __init__(self, load: Load) -> None:
        super().__init__(**_options(load))
        self._compiling = threading.Lock()

    def get_template(self, *args: Any, **kwargs: Any) -> Any:
        """Load a template. Threads that render their first mails at once wait for one of them to compile it."""
        with self._compiling:
            return super().get_template(*args, **kwargs)


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
