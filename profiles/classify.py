"""One function for every failure of a mail system: what went wrong, and whether trying again can help.

`classify` takes what aiosmtplib, imapclient, ssl or the socket raised, or what a server answered, and the
verb at which it happened. A verdict on a mail (5xx to MAIL, RCPT, DATA or the final dot) is permanent.
Everything that an admin or the network can mend is transient: logins, certificates, names, connections. A
failure at the final dot that is not an answer is `answer_lost`: nobody knows whether the server took the
mail.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

from aiosmtplib.errors import SMTPResponseException, SMTPServerDisconnected
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
    ProtocolError,
)

from profiles.answers import Answer, printable, read_answer
from profiles.errors import ANSWER_LOST, MailError, PermanentMailError, TransientMailError
from profiles.verbs import Verb

#: Steps whose 5xx is a verdict on this mail, and its reason when the status tells nothing better.
VERDICTS = {
    Verb.MAIL: "sender_refused",
    Verb.RCPT: "recipient_refused",
    Verb.DATA: "message_refused",
    Verb.DOT: "message_refused",
}
#: What a 4xx means at a step; everywhere else the server is simply not available.
DEFERRALS = {
    Verb.MAIL: "sender_deferred",
    Verb.RCPT: "recipient_deferred",
    Verb.DATA: "message_deferred",
    Verb.DOT: "message_deferred",
    Verb.AUTH: "authentication_deferred",
    Verb.STARTTLS: "tls_refused",
}
#: What a 5xx means at a step that says nothing about a mail.
REFUSALS = {
    Verb.GREETING: "greeting_refused",
    Verb.EHLO: "ehlo_refused",
    Verb.STARTTLS: "tls_refused",
    Verb.AUTH: "authentication_refused",
}
#: Codes about the login, whichever step they are given at (RFC 4954 6).
LOGIN_CODES = {
    530: "authentication_required",
    534: "authentication_too_weak",
    535: "authentication_refused",
    538: "encryption_required",
}
#: Statuses about the login, whichever step they are given at: Google's and Microsoft's, and RFC 4954's.
LOGIN_STATUSES = {
    "5.7.8": "authentication_refused",
    "5.7.9": "app_password_needed",
    "5.7.14": "web_login_needed",
    "5.7.30": "basic_authentication_off",
    "5.7.57": "authentication_required",
    "5.7.139": "basic_authentication_off",
}
#: Codes to AUTH that mean the server does not do what was asked (RFC 4954 4, RFC 5321 4.2.2).
NO_AUTH_CODES = frozenset({500, 502, 503, 504})
#: What a status without its class says about a mail (RFC 3463, RFC 7505).
MAIL_STATUSES = {
    "1.1": "recipient_unknown",
    "1.2": "domain_unknown",
    "1.3": "recipient_unknown",
    "1.7": "sender_refused",
    "1.8": "sender_refused",
    "1.10": "domain_takes_no_mail",
    "2.1": "mailbox_disabled",
    "2.2": "mailbox_full",
    "2.3": "message_too_large",
    "3.4": "message_too_large",
}
#: OpenSSL's X509_V_ERR numbers; every other one means that the chain does not end at a trusted authority.
CERTIFICATE_FAULTS = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    62: "certificate_wrong_host",
    64: "certificate_wrong_host",
}
#: OpenSSL's reasons when the other side does not speak TLS at all.
NOT_TLS = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
    }
)
#: OpenSSL's reasons when the other side only speaks a TLS older than 1.2.
OLD_TLS = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW", "NO_PROTOCOLS_AVAILABLE"}
)
UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
#: What an IMAP server's NO or BYE means at a step when its response code tells nothing better.
IMAP_REFUSALS = {
    Verb.GREETING: "greeting_refused",
    Verb.STARTTLS: "tls_refused",
    Verb.SELECT: "folder_not_found",
}
#: What it means that an IMAP server does not offer something.
IMAP_MISSING = {
    Verb.IDLE: "idle_not_offered",
    Verb.STARTTLS: "starttls_missing",
    Verb.AUTH: "authentication_not_offered",
}
#: IMAP response codes (RFC 5530) that say more than "no".
IMAP_CODES = {
    "[UNAVAILABLE]": "service_unavailable",
    "[INUSE]": "service_unavailable",
    "[LIMIT]": "too_many_connections",
    "[EXPIRED]": "password_expired",
    "[CONTACTADMIN]": "account_locked",
    "[PRIVACYREQUIRED]": "encryption_required",
    "[NONEXISTENT]": "folder_not_found",
    "[NOPERM]": "folder_forbidden",
}


def classify(failure: BaseException | Answer, verb: Verb) -> MailError:
    """Return the MailError that a failure at a step amounts to; a MailError is returned as it is."""
    if isinstance(failure, MailError):
        return failure
    if isinstance(failure, SMTPResponseException) and failure.code > 0:
        failure = read_answer(failure.code, failure.message)
    if isinstance(failure, Answer):
        return _of_answer(failure, verb)
    if verb is Verb.DOT:
        return TransientMailError(ANSWER_LOST, verb=verb, answer=_words(failure))
    if isinstance(failure, IMAPClientError):
        return TransientMailError(_imap_reason(failure, verb), verb=verb, answer=_words(failure))
    return TransientMailError(_fault_reason(failure, verb), verb=verb, answer=_words(failure))


def _of_answer(answer: Answer, verb: Verb) -> MailError:
    """Judge what an SMTP server answered."""
    reason, kind = _verdict(answer, verb)
    return kind(reason, verb=verb, code=answer.code, status=answer.status, answer=answer.text)


def _verdict(answer: Answer, verb: Verb) -> tuple[str, type[MailError]]:
    """Return the reason and the kind of error of an answer that is no success."""
    code, status, text = answer.code, answer.status or "", answer.text.lower()
    again = TransientMailError
    if code // 100 not in (4, 5):
        return (ANSWER_LOST if verb is Verb.DOT else "malformed_reply"), again
    if code == 421:
        return "service_closing", again
    if (code == 432 and verb is not Verb.AUTH) or status == "4.3.2":
        return "too_many_connections", again
    if status in LOGIN_STATUSES:
        return LOGIN_STATUSES[status], again
    if code in LOGIN_CODES:
        return ("encryption_required" if code == 530 and "starttls" in text else LOGIN_CODES[code]), again
    if code < 500:
        named = MAIL_STATUSES.get(status[2:]) if verb in VERDICTS else None
        return named or DEFERRALS.get(verb, "service_unavailable"), again
    if verb not in VERDICTS:
        no_auth = verb is Verb.AUTH and code in NO_AUTH_CODES
        return ("authentication_not_offered" if no_auth else REFUSALS.get(verb, "command_refused")), again
    if code == 503:  # about the order of commands, not about the mail: another session may fare better
        return "bad_sequence", again
    return _mail_verdict(answer, verb), PermanentMailError


def _mail_verdict(answer: Answer, verb: Verb) -> str:
    """Name the reason of a 5xx about a mail."""
    detail = (answer.status or "")[2:]
    if detail in MAIL_STATUSES:
        return MAIL_STATUSES[detail]
    if "relay" in answer.text.lower() and verb is Verb.RCPT:
        return "relay_denied"
    if detail.startswith("7."):
        return "refused_by_policy"
    if answer.code == 552:  # RFC 5321 4.2.3: storage at RCPT is the mailbox's, elsewhere it is the message's size
        return "mailbox_full" if verb is Verb.RCPT else "message_too_large"
    return VERDICTS[verb]


def _fault_reason(failure: BaseException, verb: Verb) -> str:
    """Name the reason of a failure that no server put into words."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return CERTIFICATE_FAULTS.get(failure.verify_code, "certificate_untrusted")
    if isinstance(failure, ssl.SSLError) and not isinstance(failure, ssl.SSLEOFError):
        said = _tls_words(failure)
        if said in NOT_TLS:
            return "tls_not_spoken"
        return "tls_too_old" if said in OLD_TLS else "tls_refused"
    if isinstance(failure, socket.gaierror):
        return "name_server_failed" if failure.errno == socket.EAI_AGAIN else "name_not_found"
    if isinstance(failure, UnicodeError):
        return "name_not_found" if verb is Verb.RESOLVE else "malformed_reply"
    if isinstance(failure, TimeoutError):
        return "timed_out"
    if isinstance(failure, ConnectionRefusedError):
        return "connection_refused"
    if isinstance(failure, (SMTPServerDisconnected, ConnectionError, EOFError, ssl.SSLEOFError)):
        return "tls_refused" if verb is Verb.TLS else "connection_lost"
    if isinstance(failure, OSError):
        return "network_unreachable" if failure.errno in UNREACHABLE else "connection_failed"
    if isinstance(failure, (SMTPResponseException, ValueError, RecursionError)):
        return "malformed_reply"
    return "unexpected_failure"


def _imap_reason(failure: IMAPClientError, verb: Verb) -> str:
    """Name the reason of what imapclient raised."""
    # imaplib and imapclient wrap what they catch: a connection that breaks during a login is called a refusal.
    origin: BaseException | None = failure
    while isinstance(origin, IMAPClientError):
        if isinstance(origin, IMAPClientAbortError):
            return "malformed_reply" if "unexpected response" in str(origin) else "connection_lost"
        if isinstance(origin, ProtocolError):
            return "malformed_reply"
        origin = origin.__context__
    if isinstance(failure, CapabilityError):
        return IMAP_MISSING.get(verb, "capability_missing")
    said = str(failure).upper()
    for code, reason in IMAP_CODES.items():
        if code in said:
            return reason
    if isinstance(failure, LoginError):
        return "basic_authentication_off" if "BASICAUTHBLOCKED" in said else "authentication_refused"
    return IMAP_REFUSALS.get(verb, "command_refused")


def _tls_words(failure: ssl.SSLError) -> str:
    """Return OpenSSL's name for what went wrong; Python's own TLS errors have no such attribute."""
    return getattr(failure, "reason", None) or ""


def _words(failure: BaseException) -> str:
    """Return what a failure says of itself, printable; never what was sent to the server."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return printable(failure.verify_message)
    if isinstance(failure, ssl.SSLError):
        return printable(_tls_words(failure))
    if isinstance(failure, socket.gaierror):
        return printable(failure.strerror or "")
    if isinstance(failure, OSError) and failure.errno:
        return os.strerror(failure.errno)  # asyncio's own words name the address as Python writes it
    if isinstance(failure, (SMTPResponseException, IMAPClientError)):
        return printable(str(failure.args[-1]) if failure.args else "")
    return ""
