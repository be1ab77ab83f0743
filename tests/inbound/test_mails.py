"""Every mail of the corpus is read as its sidecar says; a second reader of bounces finds nothing that we miss."""

from __future__ import annotations

import email
import re
from collections import Counter
from typing import Any

import pytest
from flufl.bounce import all_failures

from consumers.inbound.reading.outcome import Outcome
from consumers.inbound.reading.read_mail import Surroundings, understand
from tests.inbound.corpus import FOLDER, SAMPLES, Sample


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_mail_is_read_as_expected(sample: Sample) -> None:
    found = understand(sample.source, Surroundings(authserv_id=sample.authserv_id)).to_json()

    assert found["why"]
    assert _facts(found, sample.expected) == sample.expected, f"{sample.about} ({found['why']})"


def _facts(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    found["tokens"] = [clue["token"] for clue in found["tokens"]]
    for bounce in found["bounces"]:
        del bounce["said"]
    return {name: found[name] for name in expected}


def test_the_corpus_shows_every_outcome_that_a_mail_alone_can_have() -> None:
    shown = Counter(sample.expected["outcome"] for sample in SAMPLES)

    assert set(Outcome) - set(shown) == {Outcome.DUPLICATE, Outcome.TOO_LARGE}
    assert len(SAMPLES) >= 140
    assert shown["bounce"] >= 30


def test_every_mail_has_its_sidecar_and_no_address_of_a_real_domain() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {sample.name for sample in SAMPLES}
    for sample in SAMPLES:
        for domain in re.findall(rb"@([\w-]+(?:\.[\w-]+)+)", sample.source.replace(b"=\n", b"")):
            assert re.fullmatch(rb"(?:[\w.-]+\.)?example(?:\.com|\.org|\.net)?", domain), f"{sample.name}: {domain!r}"


def test_flufl_bounce_finds_no_recipient_that_we_miss() -> None:
    ours = theirs = 0
    for sample in SAMPLES:
        if sample.expected["outcome"] not in (Outcome.BOUNCE, Outcome.DELAYED):
            continue
        expected = {bounce["recipient"] for bounce in sample.expected["bounces"]}
        temporary, permanent = all_failures(email.message_from_bytes(sample.source))
        found = {octets.decode() for octets in temporary | permanent}
        mine = {bounce.recipient for bounce in understand(sample.source).bounces}
        ours += mine == expected
        theirs += found == expected
        assert found <= mine, sample.name
    assert ours > theirs > 20
