"""mask_text: a text without the forms in which credentials are written. Pure; it knows no events.

Better a harmless word masked than a credential mailed; but a trace must stay readable, so where a form is ambiguous
only what looks like a literal is masked. Every form is found in time that is linear in the length of the text:
expressions begin with fixed words, and what follows is bounded or cannot be read in two ways.
"""

from __future__ import annotations

from .assignments import mask_assignments
from .authorization import mask_authorization
from .known_tokens import TOKEN_FORMS, mask_known_tokens
from .private_keys import mask_private_keys
from .replacing import MASK, Counted
from .urls import mask_urls

__all__ = ["MASK", "TOKEN_FORMS", "mask_text", "mask_urls"]

#: What is looked for, in this order: a form that takes a whole value comes before those that know parts of it.
_FORMS = (mask_private_keys, mask_urls, mask_assignments, mask_authorization, mask_known_tokens)


def mask_text(text: str) -> Counted:
    """Mask every form; return the text and how many credentials were masked."""
    number = 0
    for form in _FORMS:
        text, count = form(text)
        number += count
    return text, number
