"""How servers begin a notice for people, as a table: half of all bounces have nothing else to be read.

A row is a server, the phrases (casefolded, parts of one line) that introduce the recipients, and a sample. What
stands below an introduction is read by `bounce_scan` the same way for all. A new server is one row and one mail in
tests/inbound/mails.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What one server writes."""

    system: str
    phrases: tuple[str, ...]
    delayed: bool = False


NOTICES: tuple[NoticeText, ...] = (
    # Hi. This is the qmail-send program at mx.example.org. I'm afraid I wasn't able to deliver your message to the
    # following addresses. | <ann@example.com>: | 192.0.2.1 does not like recipient.
    NoticeText("qmail", (
        "able to deliver your message to the following address", "this is the qmail",
        "i'm afraid i wasn't able to deliver",
    )),
    # This is the Postfix program at host mx.example.org. | <ann@example.com>: host … said: 550 5.1.1 …
    NoticeText("postfix", (
        "your message could not be delivered to one or more recipients", "this is the mail system at host",
        "this is the postfix program", "could not be delivered to one or more",
    )),
    # A message that you sent could not be delivered to one or more of its recipients. … The following address(es)
    # failed: | ann@example.com | SMTP error from remote mail server after RCPT TO:<…>: 550 …
    NoticeText("exim", (
        "the following address(es) failed", "the following address failed",
        "could not be delivered to one or more of its", "could not be delivered to the following",
    )),
    # ----- The following addresses had permanent fatal errors ----- | <ann@example.com> | (reason: 550 …)
    NoticeText("sendmail", (
        "the following addresses had", "the following address had", "had permanent fatal errors",
        "had permanent delivery errors", "had delivery problems",
    )),
    # Delivery has failed to these recipients or groups: | ann@example.com | … #550 5.1.1 RESOLVER.ADR.RecipNotFound
    NoticeText("exchange", (
        "delivery has failed to these recipients",
        "your message did not reach some or all of the intended recipients",
        "the following recipient(s) could not be reached", "the following recipient(s) cannot be reached",
        "the following recipients could not be reached", "did not reach the following recipient",
    )),
    # Your message to ann@example.com couldn't be delivered. | ann wasn't found at example.com.
    NoticeText("office 365", (
        "couldn't be delivered", "remote server returned", "wasn't delivered to",
    )),
    # Diese Nachricht konnte nicht … zugestellt werden, and the same of Exchange in other languages
    NoticeText("exchange, localized", (
        "fehler bei der nachrichtenzustellung an folgende empfänger", "konnte nicht zugestellt werden",
        "konnte nicht an", "konnte folgenden empfängern nicht", "folgende(n) empfänger", "konnten nicht zugestellt",
        "échec de la remise à ces destinataires", "n'a pas pu être remis",
        "n'a pas pu être transmis", "n'a pas été remis", "no se pudo entregar",
        "error de entrega a estos destinatarios", "no se ha podido entregar", "impossibile recapitare",
        "recapito non riuscito", "non è stato recapitato", "não foi possível entregar", "falha na entrega",
        "kon niet worden bezorgd", "kan niet worden bezorgd", "kan niet worden afgeleverd", "nie można dostarczyć",
        "nie została dostarczona", "nie dostarczono", "zprávu se nepodařilo doručit", "nepodařilo doručit",
        "gick inte att leverera", "kunne ikke leveres", "viestiä ei voitu toimittaa", "nem kézbesíthető",
        "не удалось доставить", "не может быть доставлено", "не доставлено", "не було доставлено",
        "teslim edilemedi", "iletilemedi", "δεν ήταν δυνατή η παράδοση", "配信できませんでした", "配信不能",
        "届けることができませんでした",
        "无法投递", "未能发送", "无法送达", "退信", "无法发送", "無法傳送", "無法遞送", "배달하지 못했습니다",
        "전송하지 못했습니다", "전달되지 않았",
    )),
    # Delivery to the following recipient failed permanently: | ann@example.com
    # ** Address not found ** | Your message wasn't delivered to ann@example.com because the address couldn't be found
    NoticeText("gmail", (
        "delivery to the following recipient", "your message wasn't delivered to",
        "** address not found **", "** message blocked **",
        "** message not delivered **", "there was a problem delivering your message to",
        "** recipient inbox full **",
    )),
    # Sorry, we were unable to deliver your message to the following address. | <ann@example.com>: | 550: …
    NoticeText("yahoo", (
        "unable to deliver your message to the following", "unable to deliver message to the following",
        "wasn't able to deliver the following message",
    )),
    # An error occurred while trying to deliver the mail to the following recipients: | ann@example.com
    NoticeText("amazon ses", ("an error occurred while trying to deliver the mail to the following",)),
    # Your message to the following recipients cannot be delivered: | <ann@example.com>: | <<< 550 User unknown
    NoticeText("courier", (
        "your message to the following recipients cannot be delivered",
        "your message cannot be delivered to the following",
    )),
    # Your message | Subject: … | was not delivered to: | ann@example.com | because:
    NoticeText("ibm domino", ("was not delivered to:", "was not delivered to")),
    # Message could not be delivered to some recipients. | Recipient: [SMTP:ann@example.com] | Reason: …
    NoticeText("mailenable", (
        "message could not be delivered to some recipients", "could not deliver message to the following recipient",
    )),
    # The following message to <ann@example.com> was undeliverable. | The reason for the problem:
    NoticeText("ironport", ("the following message to", "was undeliverable")),
    # The message that you sent was undeliverable to the following: | ann@example.com (user not found)
    NoticeText("groupwise", ("was undeliverable to the following", "undeliverable to:")),
    # An error has occurred while attempting to deliver a message for the following list of recipients:
    NoticeText("opensmtpd", ("attempting to deliver a message for",)),
    # There was an error delivering your mail to <ann@example.com>. | … did not like our final DATA:
    NoticeText("dragonfly", ("there was an error delivering your mail to",)),
    # [<01>] XMail bounce: Rcpt=[ann@example.com];Error=[550 …]
    NoticeText("xmail", ("xmail bounce: rcpt=",)),
    # Failed to deliver to 'ann@example.com' | SMTP module(domain example.com) reports:
    NoticeText("communigate", ("failed to deliver to",)),
    # Delivery to the following recipients failed. | ann@example.com
    NoticeText("microsoft smtp service", (
        "delivery to the following recipients failed", "delivery to the following recipients was aborted",
        "could not be delivered to the following user",
    )),
    # Your message cannot be delivered to the following recipients: | Recipient address: ann@example.com | Reason: …
    NoticeText("sun messaging server", (
        "cannot be delivered to the following recipients", "could not be delivered to the following recipients",
        "has been enqueued and undeliverable",
    )),
    # The following addresses did NOT receive a copy of your message: | > ann@example.com
    NoticeText("mdaemon", ("did not receive a copy of your message", "failed address", "the following data may be")),
    # Here is your list of failed recipients; many small servers
    NoticeText("others", (
        "failed recipients", "failed addresses", "undeliverable address", "could not deliver",
        "could not be delivered", "cannot deliver", "can not deliver", "can't deliver", "unable to deliver",
        "unable to send", "not delivered to the following", "undelivered to", "delivery failed", "delivery failure",
        "message not delivered", "delivery to", "not be delivered to", "has encountered delivery problems",
        "user's mailbox is full", "user unknown", "was automatically rejected",
        "a message that you sent was rejected", "message was rejected", "delivery has failed",
        "invalid final delivery", "no such user", "intended recipient:", "this is the deliver program",
        "error description", "mailbox is full", "account is over quota", "error-for:", "could not find",
        "returned to you", "rejected your message", "machine generated message",
    )),
    # A message that you sent has not yet been delivered … : | Delay reason: …; the server goes on trying
    NoticeText("exim, delay", (
        "has not yet been delivered", "have not yet been delivered", "not yet been delivered",
    ), delayed=True),
    # WARNING: MESSAGE STILL UNDELIVERED AFTER 4 HOURS; sendmail: Warning: could not send message for past 4 hours
    NoticeText("sendmail, delay", (
        "could not send message for past", "warning: message still undelivered", "warning message only",
        "still being retried", "will keep trying", "will be retried", "message will be retried",
        "will continue to be attempted", "delivery attempts will continue", "you do not need to resend",
        "has been delayed", "delivery is delayed", "no action is required on your part", "this is just a warning",
        "temporarily undeliverable", "this is an advisory-only", "verzögert", "a été retardé", "retrasada",
    ), delayed=True),
)  # fmt: skip

#: Lines at which the copy of the original mail begins, casefolded beginnings without dashes, blanks and marks.
COPIES: tuple[str, ...] = (
    "this is a copy of the message", "this is a copy of your message", "below this line is a copy",
    "below the next line is a copy", "below is a copy", "a copy of the original", "copy of the message follows",
    "original message", "original headers", "original message headers", "message headers follow",
    "header of the original", "message header", "headers of the message", "the header", "returned message",
    "returned mail", "start of returned message", "here is your returned mail", "unsent message",
    "undelivered message", "your original message", "the original message follows", "the original message is",
    "message text follows",
    "message follows", "included is a copy", "if the message was", "ursprüngliche nachricht", "kopie der nachricht",
    "en-tête", "message d'origine", "mensaje original", "元のメッセージ", "return-path:", "received:", "message-id:",
    "mime-version:", "x-mailer:", "dkim-signature:", "original message follows", "old message", "end of message",
    "your message reads", "---- message header", "original mail", "begin original message",
    "x-received:",
)  # fmt: skip
