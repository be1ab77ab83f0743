"""Authentication-Results: a pass counts only where our own server says so, plainly, once and for the domain of From."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.authentication_results import Dmarc, dmarc_of, read_authentication_results
from consumers.inbound.reading.header_block import read_headers

OURS = "mx.example.org"


def judged(*values: str, authserv_id: str | None = OURS, domain: str = "example.com") -> Dmarc:
    """Judge a mail with these Authentication-Results, from top to bottom."""
    source = "".join(f"Authentication-Results: {value}\n" for value in values) + "\n"
    return dmarc_of(read_headers(source.encode()), authserv_id, domain)


@pytest.mark.parametrize(
    "value",
    [
        f"{OURS}; dmarc=pass header.from=example.com",
        f"{OURS} 1; dmarc=pass",
        "MX.Example.ORG; DMARC=Pass header.from=EXAMPLE.com",
        f'"{OURS}"; dmarc/1 = pass (p=none) header.from = "example.com"',
        f'{OURS}; spf=pass smtp.mailfrom=a@example.com; dkim=pass header.b="a/b="; dmarc=pass (a (b) c);',
        f'{OURS}; dmarc=pass (a "quote; stays open) header.from=example.com',
        f'{OURS};\n dkim=pass header.i=@example.com header.b=x1/Y+z=;\n dmarc=pass reason="looks (fine); dmarc=fail"',
    ],
)  # fmt: skip
def test_a_pass_of_our_server_passes(value: str) -> None:
    assert judged(value) is Dmarc.PASS


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([f"{OURS}; dmarc=fail header.from=example.com"], Dmarc.NOT_PASSED),
        ([f"{OURS}; dmarc=none"], Dmarc.NOT_PASSED),
        ([f"{OURS}; dmarc=bestguesspass"], Dmarc.NOT_PASSED),
        ([f"{OURS}; dmarc=pass header.from=example.net"], Dmarc.OTHER_DOMAIN),
        ([f"{OURS}; spf=pass; dkim=pass"], Dmarc.NO_RESULT),
        ([f"{OURS}; none"], Dmarc.NO_RESULT),
        ([], Dmarc.NO_RESULT),
        (["mx.example.net; dmarc=pass"], Dmarc.NO_RESULT),  # somebody else's
        ([f"{OURS}.example.net; dmarc=pass"], Dmarc.NO_RESULT),
        ([f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass"], Dmarc.NOT_PASSED),  # the lower one may be the sender's
        ([f"{OURS}; spf=pass", f"{OURS}; dmarc=pass"], Dmarc.NO_RESULT),
        ([f"{OURS}; dmarc=pass; dmarc=fail"], Dmarc.AMBIGUOUS),
        ([f"{OURS}; dmarc=pass; dmarc=pass"], Dmarc.AMBIGUOUS),
        ([f"(x {OURS}; dmarc=pass"], Dmarc.MALFORMED),  # a comment that stays open
        ([f"{OURS}; (dmarc=pass) spf=fail"], Dmarc.NO_RESULT),
        ([f"{OURS}; spf=fail (a (b) ; dmarc=pass)"], Dmarc.NO_RESULT),
        ([f"{OURS}; spf=fail (\\) ; dmarc=pass)"], Dmarc.NO_RESULT),
        ([f"{OURS}; spf=fail (a)) ; dmarc=pass"], Dmarc.MALFORMED),
        ([f'{OURS}; spf=fail smtp.mailfrom="; dmarc=pass "'], Dmarc.NO_RESULT),
        ([f'{OURS}; spf=fail smtp.mailfrom="x ; dmarc=pass'], Dmarc.MALFORMED),
        ([f"{OURS}; dmarc=pass@example.net"], Dmarc.MALFORMED),
        ([f"{OURS}; dmarc=pass junk"], Dmarc.MALFORMED),
        ([f"{OURS}; dmarc="], Dmarc.MALFORMED),
        (["spf=pass smtp.mailfrom=example.com; dmarc=pass"], Dmarc.MALFORMED),  # no server named
        (["dmarc=pass", f"{OURS}; dmarc=pass"], Dmarc.MALFORMED),  # whose the upper one is cannot be known
        ([f"{OURS}; " + "spf=pass " * 2000 + "; dmarc=pass"], Dmarc.MALFORMED),
    ],
)  # fmt: skip
def test_nothing_else_passes(values: list[str], verdict: Dmarc) -> None:
    assert judged(*values) is verdict


def test_without_a_configured_server_nothing_passes() -> None:
    assert judged(f"{OURS}; dmarc=pass", authserv_id=None) is Dmarc.NOT_CONFIGURED
    assert judged("; dmarc=pass", authserv_id="") is Dmarc.NOT_CONFIGURED


#: What a sender can choose, as servers put it into their headers: in comments and in quoted strings.
CHOSEN = st.text(st.sampled_from('ab;=().@\\ "dmarcps\t') | st.characters(codec="ascii", exclude_characters="\n\r"))


@settings(deadline=None)
@given(CHOSEN)
def test_nothing_in_a_comment_makes_a_pass(chosen: str) -> None:
    assert judged(f"{OURS}; spf=fail ({chosen}) smtp.mailfrom=x; dmarc=fail") is not Dmarc.PASS


@settings(deadline=None)
@given(CHOSEN)
def test_nothing_in_an_escaped_quoted_string_makes_a_pass(chosen: str) -> None:
    escaped = chosen.replace("\\", "\\\\").replace('"', '\\"')

    assert judged(f'{OURS}; spf=fail smtp.mailfrom="{escaped}"; dmarc=fail') is Dmarc.NOT_PASSED


@settings(deadline=None)
@given(CHOSEN)
def test_nothing_in_an_unescaped_address_makes_a_pass_beside_a_fail(chosen: str) -> None:
    assert judged(f"{OURS}; spf=fail smtp.mailfrom={chosen}; dmarc=fail") is not Dmarc.PASS
    assert judged(f"{OURS}; dmarc=fail; spf=fail smtp.mailfrom={chosen}") is not Dmarc.PASS


@settings(deadline=None)
@given(st.text(max_size=200))
def test_reading_a_header_never_raises(value: str) -> None:
    read_authentication_results(value)
