"""How long understanding a mail takes, as a ratio to the standard library's default-policy parse in the same run.

An ordinary mail is an answer of 12 kB as Gmail writes it: plain text and HTML, the old mail quoted in both, with the
trace headers of two hops. The standard library parses it and hands out what a reader needs first: From, Subject,
References and the text. It does not look for quotes, bounces or commands; runmail does.

    .venv/bin/python bench/reading.py [--mails 2000] [--json]
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import quopri
import time
from collections.abc import Callable

from consumers.inbound.reading.read_mail import MAX_MAIL, understand

#: Turns of each program; the fastest counts, for the others were disturbed.
ROUNDS = 5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=2_000, help="mails of each round")
    options.add_argument("--json", action="store_true", help="print one JSON document")
    given = options.parse_args()
    ordinary, large = ordinary_mail(), large_mail()
    found = {
        "octets": len(ordinary),
        "runmail_microseconds": round(best(understand, ordinary, given.mails), 1),
        "stdlib_microseconds": round(best(parse, ordinary, given.mails // 8), 1),
        "runmail_25_mb_milliseconds": round(best(understand, large, 3) / 1000, 1),
        "stdlib_25_mb_milliseconds": round(best(parse, large, 1, rounds=2) / 1000, 1),
    }
    found["ratio"] = round(found["runmail_microseconds"] / found["stdlib_microseconds"], 3)
    if given.json:
        print(json.dumps(found))
        return
    print(f"a mail of {found['octets']:,} octets")
    print(f"  understood by runmail      {found['runmail_microseconds']:10,.1f} µs")
    print(f"  parsed by the stdlib       {found['stdlib_microseconds']:10,.1f} µs")
    print(f"  ratio                      {found['ratio']:10.3f}")
    print(
        f"a mail of 25 MB: {found['runmail_25_mb_milliseconds']:,} ms, stdlib {found['stdlib_25_mb_milliseconds']:,} ms"
    )


def best(read: Callable[[bytes], object], source: bytes, turns: int, rounds: int = ROUNDS) -> float:
    """Return microseconds of CPU for one turn, of the fastest round."""
    fastest = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(max(turns, 1)):
            read(source)
        fastest = min(fastest, (time.process_time() - began) / max(turns, 1))
    return fastest * 1e6


def parse(source: bytes) -> object:
    """Parse as the standard library's documentation advises, and take out what a reader needs first."""
    message = email.message_from_bytes(source, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return str(message["From"]), str(message["Subject"]), str(message["References"]), body and body.get_content()


def ordinary_mail() -> bytes:
    """An answer of 12 kB as Gmail writes it."""
    hops = "".join(
        f"Received: from mx{n}.example.com (mx{n}.example.com. [192.0.2.{n}])\n"
        f"        by mx.example.org with ESMTPS id x{n}\n"
        "        for <qa@example.org>; Mon, 30 Nov 2026 10:12:00 +0100 (CET)\n"
        f"ARC-Seal: i={n}; a=rsa-sha256; t=1796029920; cv=none; d=example.com; s=arc;\n        b={'Ab3+' * 85}\n"
        for n in (1, 2)
    )
    head = (
        "Return-Path: <ann@example.com>\nDelivered-To: qa@example.org\n"
        f"{hops}DKIM-Signature: v=1; a=rsa-sha256; d=example.com; h=from:to:subject; b={'xYz/' * 85}\n"
        "MIME-Version: 1.0\nReferences: <thread-1@example.org> <second@example.org>\n"
        "In-Reply-To: <second@example.org>\n"
        "From: Ann Berg <ann@example.com>\nDate: Mon, 30 Nov 2026 10:12:00 +0100\nMessage-ID: <1@mail.example.com>\n"
        "Subject: =?UTF-8?Q?Re=3A_=E2=9C=97_3_of_214_failed?=\nTo: QA alerts <qa@example.org>\n"
        'Content-Type: multipart/alternative; boundary="0000000000000a"\n\n'
    )
    attribution = "On Mon, Nov 30, 2026 at 10:00 AM QA alerts <qa@example.org> wrote:"
    quoted = [f"✗ test_pays_with_card_{n}: expected 200, the service answered 503" for n in range(44)]
    plain = (
        "Ack.\n\nWe look into it after lunch.\n\n" + attribution + "\n\n" + "".join(f"> {line}\n" for line in quoted)
    )
    cells = "".join(f'<tr><td style="font:15px/1.5 sans-serif;color:#1d232b">{line}</td></tr>' for line in quoted)
    html = (
        '<div dir="ltr">Ack.<div><br></div><div>We look into it after lunch.</div></div><br><div class="gmail_quote">'
        f'<div class="gmail_attr">{attribution}</div>'
        f'<blockquote class="gmail_quote"><table>{cells}</table></blockquote></div>'
    )
    return (head + _part("plain", plain) + _part("html", html) + "--0000000000000a--\n").encode()


def _part(kind: str, text: str) -> str:
    encoded = quopri.encodestring(text.encode()).decode()
    return (
        f'--0000000000000a\nContent-Type: text/{kind}; charset="UTF-8"\n'
        f"Content-Transfer-Encoding: quoted-printable\n\n{encoded}\n"
    )


def large_mail() -> bytes:
    """An answer with an attachment, as large as is read."""
    head = b'From: ann@example.com\nSubject: Re: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="m"\n\n'
    text = b"--m\nContent-Type: text/plain\n\nack\n--m\n"
    attachment = b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
    filling = (b"A" * 76 + b"\n") * ((MAX_MAIL - 1_000) // 77)
    return head + text + attachment + filling + b"--m--\n"


if __name__ == "__main__":
    main()
