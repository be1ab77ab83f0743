"""prepared: what every event goes through before it leaves a publisher, whatever door it leaves by."""

from __future__ import annotations

from .events import Event
from .masking import masked
from .sizes import fit


def prepared(event: Event, *, mask: bool = True) -> Event:
    """Return the event with credentials masked (unless told not to) and brought under the size limit.

    Masking comes first: what is shortened may cut a credential so that nobody recognises it. Preparing twice is
    preparing once.

    Raises:
        MalformedEvent: from `fit`.
    """
    return fit(masked(event) if mask else event)
