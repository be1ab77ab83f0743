"""Pages made from templates: one environment for all, which escapes and cleans whatever is put into a page.

Templates are named by the folder they come from: `shell/…`, `profiles/…`, `views/…`, `web/…`. Every text that a
template prints loses its control characters and reordering marks on the way, so that no template can forget it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from profiles.page.shell import notices
from profiles.page.shell.assets import Assets
from profiles.page.shell.inline_code import with_code
from profiles.page.shell.moments import ago, time_element
from profiles.page.shell.navigation import GROUPS
from profiles.page.shell.notices import Tone
from profiles.plain_text import plain

_HERE = Path(__file__).parent
HTML = "text/html; charset=utf-8"


class Pages:
    """Makes the pages of the application.

    `folders` are the folders of templates by the first part of their names, `static` the folders of the files that
    pages load; the shell's own come with it.
    """

    def __init__(self, folders: Mapping[str, Path], static: Sequence[Path] = ()) -> None:
        self.assets = Assets([_HERE / "static", *static])
        every = {"shell": _HERE / "templates", **folders}
        self._environment = Environment(
            loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in every.items()}),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_cleaned,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            asset=self.assets.address,
            navigation=GROUPS,
            styles=self.assets.named(".css", besides=("app.css",)),
            scripts=self.assets.named(".js", besides=("htmx.min.js", "app.js")),
        )
        self._environment.filters.update(moment=time_element, ago=ago, with_code=with_code)

    def show(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Answer with a whole page or a part of one, rendered from a template."""
        return Response(self.render(request, template, **context), status, media_type=HTML)

    def render(self, request: Request, template: str, **context: Any) -> str:
        """Render a template for a request.

        It gets `visitor`, `csrf`, `path` and `notices` beside the context; the notices that wait are taken only when
        the template prints them, as a whole page does.
        """
        state = request.state
        given = {
            "visitor": getattr(state, "visitor", None),
            "csrf": getattr(state, "csrf", ""),
            "path": request.url.path,
            "notices": notices.tray_of(request).take,
            **context,
        }
        return self._environment.get_template(template).render(given)

    def go(self, request: Request, path: str, said: str | None = None, tone: Tone = Tone.GOOD) -> Response:
        """Lead on to another page after a change, with a notice for it; `path` is one of ours."""
        if said is not None:
            notices.leave(request, said, tone)
        if request.headers.get("HX-Request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)


def _cleaned(value: Any) -> Any:
    """Clean a text that a template prints; what is markup already was cleaned when it was made. None is nothing."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
