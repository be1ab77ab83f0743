"""MalformedEvent: what a door says to the face of who publishes something that is no event.

It names the reason and the field and never repeats the input, which may hold secrets or megabytes.
"""

from __future__ import annotations

#: Characters of a field's path that are shown; keys are the publisher's own and may be of any length.
MAX_FIELD = 200


class MalformedEvent(ValueError):
    """Raised for what is no event.

    `reason` is a stable snake_case name, `field` a dotted path such as `data.failures.3.name` or None when no
    field is meant, `text` the plain-language sentence that begins with the field. Reasons:

    - `not_json`, `too_deep`, `duplicate_key`, `invalid_number`, `invalid_text`: no sound JSON text
    - `not_an_object`, `missing_attribute`, `unknown_type`, `invalid_attribute`, `identifier_too_long`: sound
      JSON that is no event
    - `too_large`: an event that stays above the limit of `sizes` even when shortened, or input nobody reads
    """

    def __init__(self, reason: str, text: str, field: str | None = None) -> None:
        self.reason = reason
        self.field = None if field is None else _shown(field)
        self.text = f"{self.field}: {text}" if self.field else text
        super().__init__(self.text)


def _shown(field: str) -> str:
    """Make a path fit to be printed: keys come from the publisher and may hold anything."""
    plain = "".join(char if char.isprintable() else "?" for char in field[: MAX_FIELD + 1])
    return plain if len(field) <= MAX_FIELD else plain[:MAX_FIELD] + "…"
