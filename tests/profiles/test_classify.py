"""Every failure has one name, and the one bit that says whether trying again can help."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
from aiosmtplib.errors import SMTPReadTimeoutError, SMTPResponseException, SMTPServerDisconnected
from hypothesis import given
from hypothesis import strategies as st
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from profiles.answers import Answer, read_answer
from profiles.classify import classify
from profiles.errors import MailError, PermanentMailError, TransientMailError
from profiles.verbs import Verb

T, P = TransientMailError, PermanentMailError

ANSWERS = [
    # verdicts on a mail are permanent
    (550, "5.1.1 no such user", Verb.RCPT, P, "recipient_unknown"),
    (550, "no such user", Verb.RCPT, P, "recipient_refused"),
    (553, "5.1.3 bad syntax", Verb.RCPT, P, "recipient_unknown"),
    (556, "5.1.10 null MX", Verb.RCPT, P, "domain_takes_no_mail"),
    (550, "5.2.1 mailbox disabled", Verb.RCPT, P, "mailbox_disabled"),
    (552, "5.2.2 over quota", Verb.RCPT, P, "mailbox_full"),
    (552, "storage exceeded", Verb.RCPT, P, "mailbox_full"),
    (552, "too big", Verb.MAIL, P, "message_too_large"),
    (552, "5.3.4 too big", Verb.DOT, P, "message_too_large"),
    (550, "5.7.1 relaying denied", Verb.RCPT, P, "relay_denied"),
    (554, "Relay access denied", Verb.RCPT, P, "relay_denied"),
    (550, "5.7.26 unauthenticated mail", Verb.DOT, P, "refused_by_policy"),
    (554, "5.7.1 spam", Verb.DOT, P, "refused_by_policy"),
    (550, "5.1.8 sender rejected", Verb.RCPT, P, "sender_refused"),
    (553, "sender not owned", Verb.MAIL, P, "sender_refused"),
    (554, "no", Verb.DATA, P, "message_refused"),
    (554, "no", Verb.DOT, P, "message_refused"),
    # what may be taken later
    (451, "4.7.1 greylisted", Verb.RCPT, T, "recipient_deferred"),
    (452, "4.2.2 over quota", Verb.RCPT, T, "mailbox_full"),
    (450, "", Verb.MAIL, T, "sender_deferred"),
    (451, "", Verb.DATA, T, "message_deferred"),
    (451, "", Verb.DOT, T, "message_deferred"),
    (432, "4.3.2 concurrent connections limit exceeded", Verb.MAIL, T, "too_many_connections"),
    (421, "4.7.0 try again", Verb.MAIL, T, "service_closing"),
    (421, "closing", Verb.DOT, T, "service_closing"),
    (503, "5.5.1 MAIL first", Verb.RCPT, T, "bad_sequence"),
    # what an admin can mend
    (535, "5.7.8 bad credentials", Verb.AUTH, T, "authentication_refused"),
    (535, "", Verb.AUTH, T, "authentication_refused"),
    (535, "5.7.139 basic authentication is disabled", Verb.AUTH, T, "basic_authentication_off"),
    (550, "5.7.30 basic authentication is not supported", Verb.AUTH, T, "basic_authentication_off"),
    (550, "5.7.30 basic authentication is not supported", Verb.MAIL, T, "basic_authentication_off"),
    (534, "5.7.9 application-specific password required", Verb.AUTH, T, "app_password_needed"),
    (534, "5.7.14 log in with your browser", Verb.AUTH, T, "web_login_needed"),
    (538, "", Verb.AUTH, T, "encryption_required"),
    (530, "5.7.0 Must issue a STARTTLS command first", Verb.MAIL, T, "encryption_required"),
    (530, "5.7.0 authentication required", Verb.MAIL, T, "authentication_required"),
    (530, "5.7.57 client not authenticated", Verb.MAIL, T, "authentication_required"),
    (454, "4.7.0 temporary failure", Verb.AUTH, T, "authentication_deferred"),
    (504, "5.5.4 mechanism", Verb.AUTH, T, "authentication_not_offered"),
    (554, "5.7.1 blocked", Verb.GREETING, T, "greeting_refused"),
    (450, "later", Verb.GREETING, T, "service_unavailable"),
    (550, "bad helo", Verb.EHLO, T, "ehlo_refused"),
    (454, "no TLS", Verb.STARTTLS, T, "tls_refused"),
    (500, "what", Verb.RSET, T, "command_refused"),
    # no answer at all
    (354, "go ahead", Verb.RCPT, T, "malformed_reply"),
    (250, "ok", Verb.DATA, T, "malformed_reply"),
    (354, "go ahead", Verb.DOT, T, "answer_lost"),
    (999, "", Verb.DOT, T, "answer_lost"),
]


@pytest.mark.parametrize(("code", "said", "verb", "kind", "reason"), ANSWERS)
def test_an_answer_has_its_reason(code: int, said: str, verb: Verb, kind: type[MailError], reason: str) -> None:
    error = classify(read_answer(code, said), verb)
    assert (type(error), error.reason, error.code, error.verb) == (kind, reason, code, verb)


def _verify_failure(number: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = number, "the library's words"
    return error


def _tls_failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "words")
    error.reason = reason
    return error


def _lost_while_logging_in() -> LoginError:
    try:
        try:
            raise IMAPClientAbortError("socket error: EOF")
        except IMAPClientError as error:
            raise LoginError(str(error))  # noqa: B904 (as imapclient does it)
    except LoginError as error:
        return error


FAULTS = [
    (_verify_failure(10), Verb.TLS, "certificate_expired"),
    (_verify_failure(9), Verb.TLS, "certificate_not_yet_valid"),
    (_verify_failure(62), Verb.TLS, "certificate_wrong_host"),
    (_verify_failure(64), Verb.TLS, "certificate_wrong_host"),
    (_verify_failure(18), Verb.TLS, "certificate_untrusted"),
    (_verify_failure(20), Verb.TLS, "certificate_untrusted"),
    (_tls_failure("WRONG_VERSION_NUMBER"), Verb.TLS, "tls_not_spoken"),
    (_tls_failure("TLSV1_ALERT_PROTOCOL_VERSION"), Verb.TLS, "tls_too_old"),
    (_tls_failure("SSLV3_ALERT_HANDSHAKE_FAILURE"), Verb.TLS, "tls_refused"),
    (ssl.SSLEOFError(8, "EOF"), Verb.TLS, "tls_refused"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), Verb.TLS, "tls_refused"),
    (socket.gaierror(socket.EAI_NONAME, "unknown"), Verb.RESOLVE, "name_not_found"),
    (socket.gaierror(socket.EAI_AGAIN, "later"), Verb.RESOLVE, "name_server_failed"),
    (UnicodeError("label too long"), Verb.RESOLVE, "name_not_found"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Verb.CONNECT, "connection_refused"),
    (TimeoutError(), Verb.CONNECT, "timed_out"),
    (OSError(errno.EHOSTUNREACH, "no route"), Verb.CONNECT, "network_unreachable"),
    (OSError(errno.EMFILE, "too many files"), Verb.CONNECT, "connection_failed"),
    (SMTPServerDisconnected("Connection lost"), Verb.MAIL, "connection_lost"),
    (BrokenPipeError(errno.EPIPE, "pipe"), Verb.RCPT, "connection_lost"),
    (SMTPReadTimeoutError("late"), Verb.RCPT, "timed_out"),
    (SMTPResponseException(-1, "Response too long"), Verb.EHLO, "malformed_reply"),
    (SMTPResponseException(-1, "Response too long"), Verb.DOT, "answer_lost"),
    (SMTPServerDisconnected("Connection lost"), Verb.DOT, "answer_lost"),
    (SMTPReadTimeoutError("late"), Verb.DOT, "answer_lost"),
    (ConnectionResetError(), Verb.DOT, "answer_lost"),
    (LoginError("b'[AUTHENTICATIONFAILED] no'"), Verb.AUTH, "authentication_refused"),
    (LoginError("LOGIN failed: BasicAuthBlocked"), Verb.AUTH, "basic_authentication_off"),
    (LoginError("b'[UNAVAILABLE] later'"), Verb.AUTH, "service_unavailable"),
    (LoginError("b'[LIMIT] too many'"), Verb.AUTH, "too_many_connections"),
    (_lost_while_logging_in(), Verb.AUTH, "connection_lost"),
    (IMAPClientAbortError("socket error: EOF"), Verb.FETCH, "connection_lost"),
    (IMAPClientError("select failed: no such mailbox"), Verb.SELECT, "folder_not_found"),
    (IMAPClientError("b'[NOPERM] no'"), Verb.SELECT, "folder_forbidden"),
    (CapabilityError("no IDLE"), Verb.IDLE, "idle_not_offered"),
    (CapabilityError("no STARTTLS"), Verb.STARTTLS, "starttls_missing"),
    (RecursionError(), Verb.FETCH, "malformed_reply"),
    (KeyError("what"), Verb.FETCH, "unexpected_failure"),
]


@pytest.mark.parametrize(("failure", "verb", "reason"), FAULTS, ids=lambda value: repr(value)[:60])
def test_a_fault_is_transient_and_has_its_reason(failure: BaseException, verb: Verb, reason: str) -> None:
    error = classify(failure, verb)
    assert (type(error), error.reason, error.verb) == (TransientMailError, reason, verb)


def test_what_is_classified_already_stays_as_it_is() -> None:
    error = PermanentMailError("address_unusable", verb=Verb.RCPT)
    assert classify(error, Verb.MAIL) is error


@given(st.integers(-1, 1200), st.text(max_size=60), st.sampled_from(list(Verb)))
def test_no_answer_is_too_strange_to_be_named(code: int, said: str, verb: Verb) -> None:
    error = classify(read_answer(code, said), verb)
    assert error.reason.islower()
    assert isinstance(error, PermanentMailError) <= (code // 100 == 5)
    assert error.answer.isprintable()


@given(st.text())
def test_an_answer_shows_nothing_but_printable_characters(said: str) -> None:
    answer = read_answer(250, said)
    assert answer.text.isprintable()
    assert len(answer.text) <= 500


def test_terminal_escapes_and_reversing_marks_are_taken_out_of_an_answer() -> None:
    assert read_answer(550, "5.1.1 \x1b[31mred\u202e\x00\x9b2J") == Answer(550, "5.1.1", "[31mred 2J")


def test_the_status_is_told_once_for_an_answer_of_several_lines() -> None:
    assert read_answer(550, "5.7.1 no\n5.7.1 really") == Answer(550, "5.7.1", "no really")
