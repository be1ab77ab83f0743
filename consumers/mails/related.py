"""Pictures inside a mail: parts that the HTML shows by Content-ID (RFC 2387, RFC 2392); nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

#: What a page refers to a part by, before its Content-ID.
SCHEME = "cid:"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with what a page needs to show it; `width` and `height` are those on the page, `alt` says it in words."""

    png: bytes = field(repr=False)
    alt: str
    width: int
    height: int

    @property
    def content_id(self) -> str:
        """The Content-ID without brackets: made of the content alone, so the same picture is one part."""
        return f"{hashlib.sha256(self.png).hexdigest()[:32]}@runmail"

    @property
    def source(self) -> str:
        """What stands in `src`."""
        return SCHEME + self.content_id


def with_pictures(html_part: bytes, html: str, pictures: Sequence[Picture]) -> bytes:
    """Return the MIME part of a page together with those pictures that it shows; the part alone when it shows none."""
    shown = {picture.content_id: picture.png for picture in pictures if picture.source in html}
    if not shown:
        return html_part
    # As in `compose`: "=_" occurs in no encoded part, so the boundary cannot stand in one (RFC 2045 6.7).
    boundary = b"=_" + hashlib.sha256(html_part).hexdigest()[:24].encode("ascii")
    mark = b"--" + boundary + b"\r\n"
    head = b'Content-Type: multipart/related; type="text/html"; boundary="' + boundary + b'"\r\n\r\n'
    parts = (mark + _part(content_id, png) for content_id, png in shown.items())
    return b"".join((head, mark, html_part, *parts, b"--", boundary, b"--\r\n"))


def with_inline_pictures(html: str, pictures: Sequence[Picture]) -> str:
    """Return a page with its pictures inside it, as a browser shows it; mail programs mostly do not."""
    for picture in pictures:
        inside = base64.b64encode(picture.png).decode("ascii")
        html = html.replace(picture.source, f"data:image/png;base64,{inside}")
    return html


def _part(content_id: str, png: bytes) -> bytes:
    octets = base64.b64encode(png)
    lines = b"\r\n".join(octets[at : at + 76] for at in range(0, len(octets), 76))
    return (
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: inline\r\n"
        b"Content-ID: <" + content_id.encode("ascii") + b">\r\n\r\n" + lines + b"\r\n"
    )
