"""Charts: a trend as a small PNG that looks well on light and dark ground. Pure; knows pass rates and no mail.

No text is drawn: what the picture says is said in words beside it. The ground is transparent and every colour has
enough contrast on white and on black. Drawn large and made small, because Pillow's lines have hard edges.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

#: Pixels as shown in the mail. The picture has twice as many each way, for screens that show them.
WIDTH, HEIGHT = 104, 28
_DENSITY = 2
#: How many times larger it is drawn.
_OVERSIZE = 3
_SCALE = _DENSITY * _OVERSIZE
#: Pixels (as shown) between the line and the picture's edge, so that the last point's dot is whole.
_MARGIN = 4.0
_LINE = 1.75
_DOT = 2.75
#: The lowest rate at the picture's foot, the nearest below the lowest point: a fall from 99 to 97 percent is seen,
#: and one to nothing does not look the same.
_FEET = (0.98, 0.95, 0.9, 0.75, 0.5, 0.0)
_BLUE = (61, 139, 224)
#: Of 255: how much the area below the line covers.
_AREA = 52
_DOTS = {"good": (47, 158, 88), "warn": (192, 124, 14), "bad": (220, 62, 74)}
#: Colours of the palette; with fewer, edges look torn, with more the picture is larger.
_COLOURS = 48

Point = tuple[float, float]


@lru_cache(maxsize=512)
def trend_picture(rates: tuple[float | None, ...], tone: str) -> bytes | None:
    """Draw pass rates (0 to 1, oldest first, None for a gap) as a line that ends in a dot of a tone.

    None when there is no rate at all.
    """
    known = [rate for rate in rates if rate is not None]
    if not known:
        return None
    foot = next(foot for foot in _FEET if min(known) > foot or foot == 0.0)
    stretches = _stretches(rates, foot)
    picture = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE), (*_BLUE, 0))
    draw = ImageDraw.Draw(picture)
    for points in (points for points in stretches if len(points) > 1):
        draw.polygon([*points, (points[-1][0], _bottom()), (points[0][0], _bottom())], fill=(*_BLUE, _AREA))
    for points in stretches:
        _line(draw, points)
    _circle(draw, stretches[-1][-1], _DOT, _DOTS.get(tone, _BLUE))
    return _png(picture)


def _stretches(rates: Sequence[float | None], foot: float) -> list[list[Point]]:
    """Return the points of each stretch between gaps, in pixels of the large picture; the last is at the right."""
    step = (WIDTH - 2 * _MARGIN) / max(len(rates) - 1, 1)
    found: list[list[Point]] = []
    gap = True
    for place, rate in enumerate(rates):
        if rate is None:
            gap = True
            continue
        if gap:
            found.append([])
        gap = False
        x = WIDTH - _MARGIN - step * (len(rates) - 1 - place)
        y = _MARGIN + (HEIGHT - 2 * _MARGIN) * (1 - (rate - foot) / (1 - foot))
        found[-1].append((x * _SCALE, y * _SCALE))
    return found


def _line(draw: ImageDraw.ImageDraw, points: list[Point]) -> None:
    """Draw a line with round ends and corners; a single point becomes a small dot."""
    if len(points) == 1:
        _circle(draw, points[0], _LINE, _BLUE)
        return
    draw.line(points, fill=(*_BLUE, 255), width=round(_LINE * _SCALE), joint="curve")
    for end in (points[0], points[-1]):
        _circle(draw, end, _LINE / 2 - 0.5 / _SCALE, _BLUE)


def _circle(draw: ImageDraw.ImageDraw, centre: Point, radius: float, colour: tuple[int, int, int]) -> None:
    x, y, size = *centre, radius * _SCALE
    draw.ellipse((x - size, y - size, x + size, y + size), fill=(*colour, 255))


def _bottom() -> float:
    return (HEIGHT - 1) * _SCALE


def _png(picture: Image.Image) -> bytes:
    few = picture.reduce(_OVERSIZE).quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()
