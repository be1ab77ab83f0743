"""What to tell a person about each failure: what happened, and what to do, in plain words.

One line for every reason that `classify` and the links can name. The texts name settings as the profiles file does.
"""

from __future__ import annotations

from dataclasses import dataclass

from profiles.errors import MailError
from profiles.profile import ImapSettings, Security, SmtpSettings
from profiles.verbs import Verb

#: reason: (what happened, what to do)
TEXTS: dict[str, tuple[str, str]] = {
    # names and connections
    "name_not_found": ("the name has no address", "check the spelling of host, and that this machine's DNS knows it"),
    "name_server_failed": ("the name server did not answer", "check this machine's DNS, then try again"),
    "address_is_cloud_metadata": ("the name leads to a cloud's metadata service", "set host to a mail server"),
    "address_is_private": (
        "the name leads to a private address",
        "set it to a public one, or allow its host with RUNMAIL_WEBHOOK_PRIVATE_HOSTS",
    ),
    "address_is_link_local": ("the name leads to a link-local address", "set host to a mail server"),
    "address_is_multicast": ("the name leads to a multicast address", "set host to a mail server"),
    "address_is_unspecified": ("the name leads to no particular address", "set host to a mail server"),
    "port_not_allowed": (
        "tests from the page go to the usual mail ports only",
        "check port ({ports}); another is allowed by RUNMAIL_MAIL_PORTS, or tested with `runmail profiles test`",
    ),
    "connection_refused": (
        "nobody listens at that port",
        "check port ({ports}) and that the server runs and lets this machine in",
    ),
    "connection_failed": ("the connection could not be made", "look at the words beside this, and at this machine"),
    "connection_lost": (
        "the server hung up",
        "try again; if it stays so, the server turns this machine away: ask who runs it, and check port and security",
    ),
    "network_unreachable": ("there is no way to that address", "check network, routing and VPN of this machine"),
    "timed_out": (
        "no answer came in time",
        "a firewall may swallow the connection (many clouds block port 25): try {ports}, or have it opened",
    ),
    # TLS
    "tls_not_spoken": ("the server does not speak TLS at this port", "{security_advice}"),
    "tls_too_old": (
        "the server only speaks a TLS older than 1.2",
        "have the server brought up to date; there is no switch to allow it",
    ),
    "tls_refused": ("the TLS handshake failed", "check port and security; ask who runs the server for its TLS log"),
    "starttls_missing": (
        "the server does not offer STARTTLS",
        "{security_advice}; if it should be offered, something on the way may strip it",
    ),
    "certificate_expired": ("the server's certificate has expired", "have it renewed by whoever runs the server"),
    "certificate_not_yet_valid": (
        "the server's certificate is not valid yet",
        "check the clock of this machine and of the server",
    ),
    "certificate_wrong_host": ("the server's certificate is for another name", "set host to a name in the certificate"),
    "certificate_untrusted": (
        "the server's certificate is not signed by an authority that is trusted here",
        "for a private authority or a self-signed certificate, set ca_file to its PEM file",
    ),
    "ca_file_unusable": ("ca_file cannot be read or holds no certificate", "set ca_file to a readable PEM file"),
    # sessions
    "greeting_refused": ("the server turns this machine away", "ask who runs it to let this machine's address in"),
    "ehlo_refused": ("the server does not take EHLO", "see that it speaks SMTP and accepts this machine's name"),
    "local_hostname_unusable": ("the name for EHLO is no host name", "set a full host name"),
    "service_closing": ("the server is closing", "try again in a few minutes"),
    "service_unavailable": ("the server cannot serve now", "try again in a few minutes"),
    "too_many_connections": (
        "too many connections at once",
        "set limits.connections lower (Microsoft 365 allows 3) or close other clients",
    ),
    "malformed_reply": (
        "what came back is no mail server's answer",
        "check host and port: something else listens there",
    ),
    "bad_sequence": ("the server lost track of the session", "try again; if it stays so, ask who runs the server"),
    "command_refused": ("the server refused a command", "see its words; ask who runs the server"),
    "unexpected_failure": ("something unforeseen went wrong", "try again, and report it if it stays so"),
    # logins
    "authentication_refused": ("user name or password is wrong", "{login_advice}"),
    "authentication_required": ("the server wants a login first", "set username, and give its password"),
    "authentication_not_offered": (
        "the server offers no way to log in that is supported here (PLAIN, LOGIN, CRAM-MD5)",
        "check port and security: many servers offer the login only over TLS or at port 587",
    ),
    "authentication_deferred": ("the server cannot check logins now", "try again in a few minutes"),
    "authentication_too_weak": ("the server wants a stronger login", "{login_advice}"),
    "authentication_without_tls": (
        "the password would travel readable for everyone",
        "set security to tls or starttls; none logs in on this machine only",
    ),
    "encryption_required": (
        "the server wants TLS before the login",
        "set security to starttls, or tls at port {tls_port}",
    ),
    "app_password_needed": (
        "the account wants an app password",
        "make an app password in the account's security settings and use it here",
    ),
    "web_login_needed": (
        "the provider wants a person to log in by browser first",
        "log in by browser once, then use an app password",
    ),
    "basic_authentication_off": (
        "the provider has switched off logins by password",
        "have an admin allow authenticated SMTP or IMAP for this mailbox, or send through a relay that takes passwords",
    ),
    "account_locked": ("the account is locked", "ask the mail server's admin"),
    "password_expired": ("the password has expired", "set a new one at the provider, then here"),
    "credential_missing": ("a user name stands without a password", "give the password, or take username out"),
    "credential_unusable": ("user name or password has characters that cannot be sent", "set another password"),
    # senders, recipients, messages
    "sender_refused": ("the server does not take this sender", "set from to an address the account may send as"),
    "sender_deferred": ("the server does not take this sender now", "try again in a few minutes"),
    "recipient_refused": ("the server does not take this recipient", "check the address"),
    "recipient_unknown": ("there is no such mailbox", "check the address"),
    "domain_unknown": ("the recipient's domain does not exist", "check the address"),
    "domain_takes_no_mail": ("the recipient's domain takes no mail", "check the address"),
    "recipient_deferred": ("the server asks to try this recipient later", "nothing: runmail tries again by itself"),
    "mailbox_disabled": ("the mailbox is switched off", "check the address"),
    "mailbox_full": ("the mailbox is full", "nothing here: its owner has to make room"),
    "relay_denied": (
        "the server does not pass mail on to that address for this sender",
        "log in (username), or have the server allow this machine to relay",
    ),
    "refused_by_policy": (
        "the server's policy refuses it",
        "see its words; often SPF, DKIM or the right to send as this address is missing",
    ),
    "address_unusable": ("that is no address that mail can be sent to", "check from and recipients"),
    "message_refused": ("the server does not take the message", "see its words"),
    "message_deferred": ("the server does not take the message now", "nothing: runmail tries again by itself"),
    "message_too_large": (
        "the message is too large for the server",
        "nothing: runmail's mails are small; ask who runs the server",
    ),
    "message_unusable": ("the message has characters that cannot be sent", "report it: this is a fault of runmail"),
    "answer_lost": ("the connection broke before the server's verdict", "see on_uncertain"),
    # IMAP
    "folder_not_found": ("there is no such folder", "check folders: names are written as the server writes them"),
    "folder_forbidden": ("the user may not open this folder", "give the user the right to read it"),
    "message_id_unusable": ("that is no Message-ID of runmail's", "report it: this is a fault of runmail"),
    "idle_not_offered": ("the server does not offer IDLE", "nothing: answers are looked for at intervals"),
    "uidvalidity_missing": (
        "the folder does not number its mails",
        "read another folder: new mails cannot be told there",
    ),
    "keyword_not_allowed": ("the folder takes no keywords", "leave keyword out of the IMAP settings"),
    "move_not_offered": ("the server cannot move mails", "leave move_to out of the IMAP settings"),
    "capability_missing": ("the server lacks something that is needed", "ask who runs it"),
}

#: The usual ports, for people.
PORTS = {"smtp": "465 with security tls, 587 with starttls", "imap": "993 with security tls, 143 with starttls"}
#: Hosts of providers whose logins need something special, by the end of their name.
PROVIDERS = {
    (".office365.com", ".outlook.com"): "for Microsoft 365, authenticated SMTP must be allowed for the mailbox, and "
    "multi-factor accounts need an app password",
    (".gmail.com", ".google.com"): "for Google, make an app password (the account's own password is not taken)",
    (
        ".yahoo.com",
        ".icloud.com",
        ".me.com",
    ): "this provider takes app passwords only: make one in the account's settings",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A failure in plain words."""

    said: str
    advice: str


def explain(error: MailError, settings: SmtpSettings | ImapSettings) -> Told:
    """Say what a failure means for a server with these settings, and what to do."""
    service = "smtp" if isinstance(settings, SmtpSettings) else "imap"
    said, advice = TEXTS.get(error.reason, TEXTS["unexpected_failure"])
    if error.reason == "timed_out" and error.verb is Verb.GREETING and settings.security is not Security.TLS:
        advice = f"the port may want TLS from the first byte: set security to tls, usually at port {_tls_port(service)}"
    advice = advice.format(
        ports=PORTS[service],
        tls_port=_tls_port(service),
        security_advice=_security_advice(settings, service),
        login_advice=_login_advice(settings),
    )
    words = " ".join(str(part) for part in (error.code, error.status, error.answer) if part)
    return Told(f"{said} (“{words}”)" if words else said, advice)


def _tls_port(service: str) -> int:
    return 465 if service == "smtp" else 993


def _security_advice(settings: SmtpSettings | ImapSettings, service: str) -> str:
    """Say which port goes with which security when they do not fit."""
    if settings.security is Security.TLS:
        plain_port = 587 if service == "smtp" else 143
        return f"set security to starttls (usual at port {plain_port}), or port to {_tls_port(service)}"
    return f"set security to tls and port to {_tls_port(service)}"


def _login_advice(settings: SmtpSettings | ImapSettings) -> str:
    """Say what to check about a login; some providers need something special."""
    host = "." + settings.host.lower()
    for endings, words in PROVIDERS.items():
        if host.endswith(endings):
            return f"check both; {words}"
    return "check both; accounts with two-factor login need an app password"
