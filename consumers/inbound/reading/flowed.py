"""unflow: join the lines that format=flowed broke (RFC 3676). Quote marks stay in front of what they quote."""

from __future__ import annotations


def unflow(lines: list[str], *, delete_space: bool) -> list[str]:
    """Return lines as they were before they were broken.

    A line that ends in a space goes on in the next one of the same quote depth; `-- ` ends a paragraph. With
    `delete_space` (DelSp=Yes) the space at the break is no part of the text.
    """
    joined: list[str] = []
    pieces: list[str] = []
    open_depth = -1
    for line in lines:
        text = line.lstrip(">")
        depth = len(line) - len(text)
        if text.startswith(" "):  # stuffed, 4.4
            text = text[1:]
        is_signature = text == "-- "
        if pieces and (depth != open_depth or is_signature):
            joined.append("".join(pieces))
            pieces = []
        if not pieces and depth:
            pieces.append(">" * depth + " ")
        open_depth = depth
        if text.endswith(" ") and not is_signature:
            pieces.append(text[:-1] if delete_space else text)
        else:
            pieces.append(text)
            joined.append("".join(pieces))
            pieces = []
    if pieces:
        joined.append("".join(pieces))
    return joined
