"""How the clients of the field quote a mail, as functions: each puts a quoted text below, above or into a new one."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

ADDRESS = "QA alerts <qa@example.org>"


def _plain(body: str) -> bytes:
    return _mail("text/plain; charset=utf-8", body)


def _html(body: str) -> bytes:
    return _mail("text/html; charset=utf-8", f"<html><body>{body}</body></html>")


def _mail(kind: str, body: str) -> bytes:
    head = "From: ann@example.com\nTo: qa@example.org\nSubject: Re: 3 of 214 failed\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n{body}\n".encode("utf-8", "replace")


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _divs(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.split("\n"))


def alone(new: str, old: str) -> bytes:
    """The new text and nothing else."""
    return _plain(new)


def alone_in_html(new: str, old: str) -> bytes:
    """The same as HTML."""
    return _html(_divs(new))


def gmail(new: str, old: str) -> bytes:
    return _plain(f"{new}\n\nOn Mon, Nov 30, 2026 at 10:00 AM {ADDRESS}\nwrote:\n\n{_marked(old)}")


def gmail_german(new: str, old: str) -> bytes:
    return _plain(f"{new}\n\nAm Mo., 30. Nov. 2026 um 10:00 Uhr schrieb {ADDRESS}:\n\n{_marked(old)}")


def gmail_html(new: str, old: str) -> bytes:
    attribution = f'<div class="gmail_attr">On Mon, {escape(ADDRESS)} wrote:</div>'
    quoted = f'{attribution}<blockquote class="gmail_quote">{_divs(old)}</blockquote>'
    return _html(f'<div dir="ltr">{_divs(new)}</div><br><div class="gmail_quote">{quoted}</div>')


def apple(new: str, old: str) -> bytes:
    return _plain(f"{new}\n\n> On 30 Nov 2026, at 10:00, {ADDRESS} wrote:\n> \n{_marked(old)}")


def apple_html(new: str, old: str) -> bytes:
    return _html(f'{_divs(new)}<div><br><blockquote type="cite"><div>On 30 Nov</div>{_divs(old)}</blockquote></div>')


def thunderbird_below(new: str, old: str) -> bytes:
    return _plain(f"On 30/11/2026 10:00, QA alerts wrote:\n{_marked(old)}\n\n{new}")


def thunderbird_html(new: str, old: str) -> bytes:
    prefix = '<div class="moz-cite-prefix">On 30/11/2026 10:00, QA alerts wrote:<br></div>'
    return _html(f'{_divs(new)}{prefix}<blockquote type="cite">{_divs(old)}</blockquote>')


def outlook(new: str, old: str) -> bytes:
    block = f"From: {ADDRESS}\nSent: Monday, November 30, 2026 10:00 AM\nTo: Ann\nSubject: 3 of 214 failed"
    return _plain(f"{new}\n\n{block}\n\n{old}")


def outlook_french(new: str, old: str) -> bytes:
    block = f"De : {ADDRESS}\nEnvoyé : lundi 30 novembre 2026 10:00\nÀ : Ann\nObjet : 3 of 214 failed"
    return _plain(f"{new}\n________________________________\n{block}\n\n{old}")


def outlook_html(new: str, old: str) -> bytes:
    rule = '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>From: QA</p></div>'
    return _html(f'<div class="WordSection1">{_divs(new)}{rule}{_divs(old)}</div>')


def outlook_web_html(new: str, old: str) -> bytes:
    return _html(f'{_divs(new)}<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: QA</div>{_divs(old)}')


def yahoo_unmarked(new: str, old: str) -> bytes:
    return _plain(f"{new}\n    On Monday, November 30, 2026 at 10:00:00 AM GMT+1, {ADDRESS} wrote:  \n \n{old}")


def yahoo_html(new: str, old: str) -> bytes:
    return _html(f'{_divs(new)}<div id="ydp1yahoo_quoted_1" class="ydp1yahoo_quoted">{_divs(old)}</div>')


def samsung(new: str, old: str) -> bytes:
    return _plain(f"{new}\n\n-------- Original message --------\nFrom: {ADDRESS}\nDate: 30/11/2026\n\n{old}")


def notes(new: str, old: str) -> bytes:
    return _plain(f'{new}\n\n-----"QA alerts" <qa@example.org> wrote: -----\nTo: Ann\n\n{old}')


CLIENTS: tuple[Callable[[str, str], bytes], ...] = (
    gmail, gmail_german, gmail_html, apple, apple_html, thunderbird_below, thunderbird_html, outlook, outlook_french,
    outlook_html, outlook_web_html, yahoo_unmarked, yahoo_html, samsung, notes,
)  # fmt: skip
