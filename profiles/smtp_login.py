"""Logging in at an SMTP server: which one mechanism to use, and its dialogue (RFC 4954).

Exactly one mechanism is tried: a server that locks an account after three failures must not have three
counted for one wrong password. Over TLS the order is PLAIN, LOGIN, CRAM-MD5: PLAIN works with every way of
keeping passwords, while CRAM-MD5 needs the server to keep the password itself and is often offered without
working. Its advantage, that the password does not travel, is no use inside TLS or on loopback, and nothing
else logs in.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Iterable

from profiles.answers import Answer
from profiles.classify import classify
from profiles.errors import TransientMailError
from profiles.verbs import Verb

#: Mechanisms we speak, the preferred first.
MECHANISMS = ("plain", "login", "cram-md5")
#: Codes of RFC 4954: logged in; go on.
LOGGED_IN, GO_ON = 235, 334

Command = Callable[[bytes], Awaitable[Answer]]


def choose_mechanism(offered: Iterable[str]) -> str:
    """Return the one mechanism to use of those offered, in lower case.

    Raises:
        TransientMailError: `authentication_not_offered` when the server offers none that we speak.
    """
    offer = {name.lower() for name in offered}
    for mechanism in MECHANISMS:
        if mechanism in offer:
            return mechanism
    raise TransientMailError("authentication_not_offered", verb=Verb.AUTH, answer=" ".join(sorted(offer)))


async def log_in(command: Command, mechanism: str, username: str, password: str) -> Answer:
    """Log in with one mechanism and return the server's answer to the last step.

    `command` sends one line and returns the answer to it.

    Raises:
        MailError: when the server refuses, or when user or password hold a NUL, which PLAIN cannot carry.
    """
    user, secret = username.encode("utf-8"), password.encode("utf-8")
    if b"\0" in user + secret:
        raise TransientMailError("credential_unusable", verb=Verb.AUTH)
    if mechanism == "plain":
        answer = await command(b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + secret))
    elif mechanism == "login":
        # The user goes as an answer of its own: servers differ on taking it with the command.
        _expect(await command(b"AUTH LOGIN"))
        _expect(await command(base64.b64encode(user)))
        answer = await command(base64.b64encode(secret))
    else:
        challenge = _expect(await command(b"AUTH CRAM-MD5"))
        answer = await command(_cram_md5(challenge.text, user, secret))
    if answer.code != LOGGED_IN:
        raise classify(answer, Verb.AUTH)
    return answer


def _expect(answer: Answer) -> Answer:
    """Return an answer that lets the dialogue go on, or raise what it means."""
    if answer.code != GO_ON:
        raise classify(answer, Verb.AUTH)
    return answer


def _cram_md5(challenge: str, user: bytes, secret: bytes) -> bytes:
    """Return the response to a challenge of CRAM-MD5 (RFC 2195 2)."""
    try:
        asked = base64.b64decode(challenge, validate=True)
    except (binascii.Error, ValueError):
        raise TransientMailError("malformed_reply", verb=Verb.AUTH) from None
    return base64.b64encode(user + b" " + hmac.new(secret, asked, "md5").hexdigest().encode("ascii"))
