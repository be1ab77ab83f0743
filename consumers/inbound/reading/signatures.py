"""without_signature: a block of new text without what a client or a company adds below it. Tables and rules."""

from __future__ import annotations

import re

from consumers.inbound.reading.phrases import any_of

#: What phones and programs write under a mail, casefolded beginnings of a line of their own.
SENT_FROM: tuple[str, ...] = (
    "sent from my ", "sent from mail for ", "sent from outlook", "sent from yahoo", "sent from samsung", "sent via ",
    "sent with ", "sent using ", "get outlook for ", "von meinem ", "gesendet von ", "gesendet mit ",
    "gesendet aus ", "outlook für ", "holen sie sich outlook", "envoyé de mon ", "envoyé depuis ",
    "envoyé à partir ", "obtenez outlook", "télécharger outlook", "enviado desde ", "enviado do meu ",
    "enviado a partir ", "enviado pelo ", "obtener outlook", "obter o outlook", "inviato da", "ottieni outlook",
    "scarica outlook", "verzonden vanaf ", "verstuurd vanaf ", "verzonden met ", "outlook voor ", "wysłane z ",
    "wysłano z ", "odesláno z ", "odoslané z ", "skickat från ", "sendt fra ", "lähetetty ", "hanki outlook",
    "küldve ", "отправлено с ", "отправлено из ", "надіслано з ", "iphone'umdan", "iphone’umdan", "στάλθηκε από ",
    "trimis de pe ", "trimis din ", "poslano s ", "iphoneから送信", "androidから送信", "发自我的", "從我的", "发自",
    "傳送自",
    "나의 iphone에서", "내 iphone에서", "נשלח מה", "أرسلت من ", "مرسل من ", "được gửi từ ", "dikirim dari ",
    "mit freundlichen grüßen aus meinem iphone",
)  # fmt: skip

#: How legal notices and list footers begin, casefolded; everything below goes too.
DISCLAIMERS: tuple[str, ...] = (
    "confidentiality notice", "confidential notice", "disclaimer", "legal notice", "this e-mail and any",
    "this email and any", "this e-mail is confidential", "this email is confidential", "this message and any attach",
    "this message is confidential", "this message (including any", "this e-mail (including any",
    "this email (including any", "this e-mail message is intended", "the information contained in this",
    "the information in this e", "this communication is", "please consider the environment",
     "diese e-mail enthält", "diese e-mail ist vertraulich",
    "diese nachricht enthält", "diese email enthält", "der inhalt dieser e-mail", "ce message et toutes les pièces",
    "ce courriel et ", "ce message est confidentiel", "este mensaje y ", "este correo electrónico y ",
    "este correo y ", "este mensaje se dirige", "esta mensagem e ", "esta mensagem pode ", "este e-mail e ",
    "questo messaggio e ", "questa e-mail e ", "le informazioni contenute in questo", "dit bericht is ",
    "dit e-mailbericht ", "deze e-mail ", "ta wiadomość ", "niniejsza wiadomość", "tato zpráva ",
    "detta meddelande ", "denne e-mail ", "denne meldingen ", "tämä viesti ", "ez az üzenet ", "это сообщение ",
    "данное сообщение ", "настоящее сообщение ", "bu e-posta ", "αυτό το μήνυμα ", "acest mesaj ", "本メールは",
    "このメールには", "本邮件", "本郵件", "이 메일은", "you received this message because you are subscribed",
    "to unsubscribe from this group",
)  # fmt: skip

#: How the warnings begin that mail servers put above mail from outside, casefolded; their paragraph goes.
BANNERS: tuple[str, ...] = (
    "caution: this email originated", "caution: this e-mail originated", "caution: external", "external email",
    "[external]", "external sender", "warning: this email originated", "this email originated from outside",
    "this message originated outside", "this email was sent from outside", "you don't often get email from",
    "achtung: diese e-mail", "externe e-mail", "diese e-mail kommt von außerhalb", "attention : ce courriel",
    "attention : ce message provient", "courriel externe", "precaución: este correo", "correo externo",
    "attenzione: questa e-mail proviene", "let op: deze e-mail",
)  # fmt: skip

_SENT_FROM = re.compile(rf"[\s*_]*(?:{any_of(SENT_FROM)}).{{0,80}}\Z")
_DISCLAIMER = re.compile(rf"[\s*_\[(]*(?:{any_of(DISCLAIMERS)})")
_BANNER = re.compile(rf"[\s*_(|-]*(?:{any_of(BANNERS)})")
_RULE = re.compile(r"[_=\-*—–]{3,}\Z")
#: The footer of a Mailman list: a rule of 47 underscores, then the list.
_LIST_FOOTER = re.compile(r"_{40,}\Z")


def without_signature(block: list[str]) -> list[str]:
    """Return a block of lines without signature, phone line and legal notice, and without blank lines around.

    1. From `-- ` on (RFC 3676 4.3; many clients lose the blank) or a list's footer, everything goes.
    2. From a legal notice on, everything goes.
    3. What a phone or program wrote at the end goes, and rules.
    """
    kept: list[str] = []
    for line in block:
        text = line.strip()
        if text in ("--", "—") or _LIST_FOOTER.match(text):
            break
        if text and (text[0] in "*_[(" or text[0].isalpha()) and _DISCLAIMER.match(text[:160].casefold()):
            break
        kept.append(line.rstrip())
    kept = trimmed(kept)
    while kept and _SENT_FROM.match(kept[-1][:160].casefold()):
        kept = trimmed(kept[:-1])
    return kept


def without_banner(block: list[str]) -> list[str]:
    """Return the first block of a mail without the warning that a mail server put above it."""
    block = trimmed(block)
    if not block or not _BANNER.match(block[0][:160].casefold()):
        return block
    end = next((number for number, line in enumerate(block) if not line.strip()), len(block))
    return block[end:]


def trimmed(lines: list[str]) -> list[str]:
    """Return lines without the blank ones around them, and without rules at their end."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and (not lines[last - 1].strip() or _RULE.match(lines[last - 1].strip())):
        last -= 1
    return lines[first:last]
