"""without_signature: a block of new text without what a client or a company adds below it. Tables and rules."""

from __future__ import annotations

import re

from consumers.inbound.reading.attributions import casefold_words

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
    "caution: this email originated", "diese e-mail enthält", "diese e-mail ist vertraulich",
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

_SENT_FROM = re.compile(rf"[\s*_]*(?:{casefold_words(SENT_FROM)}).{{0,80}}\Z")
_DISCLAIMER = re.compile(rf"[\s*_\[(]*(?:{casefold_words(DISCLAIMERS)})")
_RULE = re.compile(r"[_=\-*—–]{3,}\Z")
#: The footer of a Mailman list: a rule of 47 underscores, then the list.
_LIST_FOOTER = re.compile(r"_{40,}\Z")


def without_signature(block: list[str]) -> list[str]:
    """Return a block of lines without signature, phone line and legal notice, and without blank lines around.

    1. From `-- ` on (RFC 3676 4.3; many clients lose the blank) or a list's footer, everything goes.
    2. From a legal notice on, everything goes, and the rule above it.
    3. A line of a phone or program goes.
    """
    kept: list[str] = []
    for line in block:
        text = line.strip()
        if text in ("--", "—") or _LIST_FOOTER.match(text):
            break
        if text and (text[0] in "*_[(" or text[0].isalpha()):
            folded = text[:160].casefold()
            if _DISCLAIMER.match(folded):
                while kept and (not kept[-1].strip() or _RULE.match(kept[-1].strip())):
                    kept.pop()
                break
            if _SENT_FROM.match(folded) and not _goes_on(folded):
                continue
        kept.append(line.rstrip())
    return trimmed(kept)


def trimmed(lines: list[str]) -> list[str]:
    """Return lines without the blank ones around them."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and (not lines[last - 1].strip() or _RULE.match(lines[last - 1].strip())):
        last -= 1
    return lines[first:last]


def _goes_on(folded: str) -> bool:
    """Whether a line that begins like a phone's is a sentence of its sender: `Sent via courier, arrives at 5? …`."""
    return "?" in folded or folded.count(",") > 1
