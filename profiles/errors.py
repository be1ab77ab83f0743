"""What goes wrong with mail systems and profiles, drawn as a tree.

    Exception
    ├── MailError                a mail system said no, or said nothing
    │   ├── TransientMailError   try again later
    │   └── PermanentMailError   trying again cannot help
    └── ProfileError             what was asked of the profiles cannot be done; a person can mend it
        ├── UnknownProfile
        ├── ProfileExists
        ├── ProfileChanged
        ├── ProfileInUse
        ├── CredentialNeeded
        ├── CredentialUnreadable
        ├── KeyringInvalid
        ├── UnknownWebhook
        └── WebhookUnusable

None knows about deliveries or retries. The texts carry a server's answer at most: never a credential, an
address list or a mail body.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiles.verbs import Verb

#: Characters of a server's answer that are kept: enough for a person to see what it meant.
MAX_ANSWER = 500


class MailError(Exception):
    """A failure of a mail system with a stable `reason` and, when a server answered, its `code`.

    `reason` is a snake_case name that code and people can rely on (`connection_refused`,
    `authentication_refused`, `recipient_refused`, …). `verb` is the step that failed. `code` is the SMTP reply
    code (RFC 5321 4.2) or None; `status` the enhanced status code (RFC 3463) or None; `answer` the server's
    text, untrusted, printable and cut to 500 characters.
    """

    def __init__(
        self,
        reason: str,
        *,
        verb: Verb | None = None,
        code: int | None = None,
        status: str | None = None,
        answer: str = "",
    ) -> None:
        self.reason = reason
        self.verb = verb
        self.code = code
        self.status = status
        self.answer = answer[:MAX_ANSWER]
        said = " ".join(str(part) for part in (code, status, self.answer) if part)
        where = f"{reason} at {verb}" if verb else reason
        super().__init__(f"{where}: {said}" if said else where)


#: The reason of a failure after the final dot of a message began to travel: the server may have taken the mail.
ANSWER_LOST = "answer_lost"


class TransientMailError(MailError):
    """Raised when the same thing may well succeed later: 4xx, a lost connection, a refused login."""


class PermanentMailError(MailError):
    """Raised when the same thing will fail again: 5xx, an address that cannot exist."""


class ProfileError(Exception):
    """What was asked of the profiles cannot be done; the text is one sentence for a person."""


class UnknownProfile(ProfileError):
    """Raised when no profile has the name or id asked for."""

    def __init__(self, wanted: str | int, names: tuple[str, ...] = (), renamed_to: str | None = None) -> None:
        self.wanted = wanted
        near = get_close_matches(str(wanted), names, n=1, cutoff=0.6)
        hint = f"; did you mean “{near[0]}”?" if near else ""
        if renamed_to is not None:
            hint = f"; it is called “{renamed_to}” now"
        super().__init__(f"there is no profile “{wanted}”{hint}")


class ProfileExists(ProfileError):
    """Raised when a profile of that name is there already."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a profile “{name}” exists already")


class ProfileChanged(ProfileError):
    """Raised when a profile is no longer what a change was made from: somebody else was quicker."""

    def __init__(self, name: str, fields: tuple[str, ...]) -> None:
        self.fields = fields
        super().__init__(f"“{name}” was changed meanwhile ({', '.join(fields)}): look at it again")


class ProfileInUse(ProfileError):
    """Raised when a profile cannot be removed as things are.

    `reason` is `is_failover`, `mail_waits` or `mail_in_flight`.
    """

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class CredentialNeeded(ProfileError):
    """Raised when a password must be given: for a new login, or because the server it belongs to has changed.

    A kept password is never carried over to another host, port, TLS mode or user: it would be handed to whoever
    answers there.
    """

    def __init__(self, service: str, changed: tuple[str, ...] = ()) -> None:
        self.service = service
        self.changed = changed
        because = f" because {', '.join(changed)} changed" if changed else ": a user name stands without one"
        super().__init__(f"the {service} password must be given{' again' if changed else ''}{because}")


class CredentialUnreadable(ProfileError):
    """Raised when a kept password cannot be opened; `reason` is `key_missing` or `not_its_own`."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class KeyringInvalid(ProfileError):
    """Raised when the text of the secret keys is none; it names the entry and never a key."""


class UnknownWebhook(ProfileError):
    """Raised when no webhook has the number asked for."""

    def __init__(self, webhook_id: int) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"there is no webhook {webhook_id}: see `runmail webhooks list`")


class WebhookUnusable(ProfileError):
    """Raised when an address or a secret cannot be one of a webhook; the text never repeats a secret."""
