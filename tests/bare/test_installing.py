"""What a failed installation says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.installing import explain


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("error: Failed to fetch: `https://x/`\n  Caused by: dns error", "cannot be reached"),
        (
            "Retrying … NewConnectionError\nERROR: Could not find a version that satisfies uv",
            "cannot be reached",
        ),
        ("client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer", "does not trust"),
        ("error: Failed to install: a.whl\n  Caused by: No space left on device (os error 28)", "disk is full"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "not the one that was locked",
        ),
        ("error: Hash mismatch for `leaf==1.0`", "not the one that was locked"),
        ("ERROR: No matching distribution found for uv==1", "no package for this Python and machine"),
        ("", "it gave no reason"),
        ("something new\nand unknown", "something new · and unknown"),
    ],
)
def test_a_failure_is_named_with_what_to_do(output: str, cause: str) -> None:
    assert cause in explain(output)


def test_the_password_of_an_index_is_not_shown() -> None:
    assert "secret" not in explain("error: odd answer from https://me:secret@index.example/simple")


@given(st.text())
def test_whatever_an_installer_prints_becomes_one_short_line(output: str) -> None:
    said = explain(output)
    assert 0 < len(said) <= 400
    assert said.isprintable() or not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in said)
