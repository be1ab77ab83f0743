"""A profiles file is read whole, or everything that is wrong with it is named."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.profile import ImapSettings, Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.profiles_file import ProfilesFile, ProfilesFileWrong, read_profiles, read_profiles_file
from profiles.store import Credentials, Draft

NOWHERE = Path("/nowhere")

FULL = """
[[profile]]
name = "QA alerts"
from = "QA älerts <qa@example.com>"
recipients = ["team@example.com", "ops@bücher.example"]
enabled = false
reply_to = "answers@example.com"
allowed_recipients = ["example.com", "*.example.net", "ops@bücher.example"]
timezone = "Europe/Berlin"
note = "ask Ada"
on_uncertain = "hold"
failover = "Spare"
plus_addressing = true
authserv_id = "mx.example.com"
retention_days = 30
[profile.smtp]
host = "SMTP.example.com"
port = 2465
security = "tls"
username = "qa@example.com"
password = { env = "QA_SMTP_PASSWORD" }
ca_file = "/etc/ca.pem"
[profile.imap]
host = "imap.example.com"
port = 2993
security = "starttls"
username = "qa-in"
password = { file = "imap-password" }
folders = ["INBOX", "Bounces"]
ca_file = "/etc/ca.pem"
[profile.limits]
connections = 3
per_minute = 30
per_day = 10000

[[profile]]
name = "Spare"
from = "spare@example.com"
smtp = { host = "10.0.0.5", security = "none" }
"""


def read(text: str, folder: Path = NOWHERE, **environment: str) -> ProfilesFile:
    return read_profiles(text, environment, folder)


def problems_of(text: str, **environment: str) -> tuple[str, ...]:
    with pytest.raises(ProfilesFileWrong) as caught:
        read(text, **environment)
    return caught.value.problems


def one(settings: str = "", smtp: str = 'host = "smtp.example.com"') -> str:
    return f'[[profile]]\nname = "QA"\nfrom = "qa@example.com"\n{settings}\n[profile.smtp]\n{smtp}\n'


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "imap-password").write_text("sesame in\n")
    found = read(FULL, tmp_path, QA_SMTP_PASSWORD="sesame out")
    assert found.warnings == ()
    full, spare = found.drafts
    assert full == Draft(
        Profile(
            id=0,
            name="QA alerts",
            from_address="qa@example.com",
            from_name="QA älerts",
            recipients=("team@example.com", "ops@xn--bcher-kva.example"),
            enabled=False,
            reply_to="answers@example.com",
            allowed_recipients=("example.com", "*.example.net", "ops@xn--bcher-kva.example"),
            timezone="Europe/Berlin",
            note="ask Ada",
            on_uncertain=OnUncertain.HOLD,
            failover="Spare",
            plus_addressing=True,
            authserv_id="mx.example.com",
            retention_days=30,
            smtp=SmtpSettings("smtp.example.com", 2465, Security.TLS, "qa@example.com", "/etc/ca.pem"),
            imap=ImapSettings(
                "imap.example.com", 2993, Security.STARTTLS, "qa-in", "/etc/ca.pem", ("INBOX", "Bounces")
            ),
            limits=Limits(3, 30, 10000),
        ),
        Credentials("sesame out", "sesame in"),
    )
    assert spare.profile.smtp == SmtpSettings("10.0.0.5", 25, Security.NONE)
    assert spare.credentials == Credentials()


def test_a_file_is_read_with_the_passwords_beside_it(tmp_path: Path) -> None:
    (tmp_path / "imap-password").write_text("sesame in")
    (tmp_path / "profiles.toml").write_text(FULL, "utf-8")
    found = read_profiles_file(tmp_path / "profiles.toml", {"QA_SMTP_PASSWORD": "x"})
    assert found.drafts[0].credentials.imap == "sesame in"


@pytest.mark.parametrize(
    ("smtp", "port", "security"),
    [
        ("", 465, Security.TLS),
        ("port = 465", 465, Security.TLS),
        ("port = 587", 587, Security.STARTTLS),
        ("port = 25", 25, Security.STARTTLS),
        ('security = "starttls"', 587, Security.STARTTLS),
        ('security = "none"', 25, Security.NONE),
        ('port = 2525\nsecurity = "tls"', 2525, Security.TLS),
    ],
)
def test_port_and_protection_follow_from_each_other(smtp: str, port: int, security: Security) -> None:
    settings = read(one(smtp=f'host = "h"\n{smtp}')).drafts[0].profile.smtp
    assert (settings.port, settings.security) == (port, security)


PROBLEMS = [
    # what is wrong, and the one thing that is said about it
    (one('form = "x"'), "profile 1 “QA”: form: is not a setting; did you mean from?"),
    (one('sandwich = "x"'), "profile 1 “QA”: sandwich: is not a setting; settings here are name, from"),
    (one(smtp='host = "h"\nsecurty = "tls"'), "smtp.securty: is not a setting; did you mean security?"),
    (one(smtp="port = 25"), "profile 1 “QA”: smtp.host: is missing"),
    (one(smtp='host = "h"\nport = 70000'), "smtp.port: must be at most 65535"),
    (one(smtp='host = "h"\nport = "x"'), "smtp.port: must be a whole number"),
    (one(smtp='host = "h h"'), "smtp.host: is no host name or IP address"),
    (one(smtp='host = "h\\r\\nx"'), "smtp.host: is no host name or IP address"),
    (one(smtp='host = "h"\nsecurity = "ssl"'), "smtp.security: must be tls, starttls or none"),
    (one(smtp='host = "h"\nusername = "a\\nb"'), "smtp.username: has a control character"),
    (one(smtp='host = "h"\nca_file = "ca.pem"'), "smtp.ca_file: must be a full path"),
    (one(smtp='host = "h"\npassword = "x"'), "smtp.password: there is no username it could belong to"),
    (one(smtp='host = "h"\nusername = "u"\npassword = {}'), "smtp.password: say { env"),
    (one(smtp='host = "h"\nusername = "u"\npassword = { env = "A", file = "b" }'), "smtp.password: say { env"),
    (
        one(smtp='host = "h"\nusername = "u"\npassword = { env = "A" }'),
        "smtp.password: the environment variable A is not set",
    ),
    (
        one(smtp='host = "h"\nusername = "u"\npassword = { file = "gone" }'),
        "smtp.password: the file /nowhere/gone cannot be read",
    ),
    (one(smtp='host = "h"\nusername = "u"\npassword = ""'), "smtp.password: the password is empty"),
    (one('imap = { host = "i" }'), "imap.username: is missing"),
    (one('imap = { host = "i", username = "u", folders = [] }'), "imap.folders: is empty"),
    (one('recipients = ["team"]'), "recipients: entry 1 is no address"),
    (one('recipients = ["a@x.org", "b c@x.org"]'), "recipients: entry 2 has characters before the @"),
    (one('recipients = ["a@x.org", "A@X.org"]'), "recipients: a@x.org stands there twice"),
    (one('recipients = ["a@x.org"]\nallowed_recipients = ["y.org"]'), "a@x.org is not among allowed_recipients"),
    (one('allowed_recipients = ["-"]'), "“-” is neither an address, nor a domain, nor *.domain"),
    (one('timezone = "Mars/Olympus"'), "timezone: there is no time zone “Mars/Olympus”"),
    (one('timezone = "../../etc/passwd"'), "timezone: there is no time zone"),
    (one('on_uncertain = "maybe"'), "on_uncertain: must be resend or hold"),
    (one('enabled = "perhaps"'), "enabled: must be true or false"),
    (one("retention_days = 0"), "retention_days: must be at least 1"),
    (one("limits = { connections = 0 }"), "limits.connections: must be at least 1"),
    (one('failover = "QA"'), "failover: a profile cannot take over from itself"),
    (one('reply_to = "x"'), "reply_to: is no address"),
    (one().replace("qa@example.com", "QA <qa@example.com> <x@y.z>"), "from: is no address"),
    (one() + one(), "profile “QA” stands there twice"),
    ('[[profiles]]\nname = "x"', "profiles: is no setting; did you mean [[profile]]?"),
    ("", "there is no [[profile]] in it"),
    ("profile = 5", "there is no [[profile]] in it"),
    ("[[profile]\n", "this is no TOML"),
]


@pytest.mark.parametrize(("text", "says"), PROBLEMS, ids=[says[-40:] for _, says in PROBLEMS])
def test_what_is_wrong_is_named_by_profile_and_setting(text: str, says: str) -> None:
    problems = problems_of(text)
    assert any(says in problem for problem in problems), problems
    assert len(problems) == 1


def test_everything_wrong_is_named_at_once() -> None:
    text = one("retention_days = 0", 'host = "h h"\nport = 0') + one('timezone = "x"').replace('"QA"', '"Two"')
    assert [problem.split(":")[0] for problem in problems_of(text)] == ["profile 1 “QA”"] * 3 + ["profile 2 “Two”"]


def test_no_input_of_a_secret_is_shown() -> None:
    for password in ('["hunter2"]', '{ env = "X", hunter2 = "hunter2" }', "42"):
        problems = problems_of(one(smtp=f'host = "h"\nusername = "u"\npassword = {password}'))
        assert "hunter2" not in str(problems)
        assert "42" not in str(problems)


def test_a_password_in_the_file_is_taken_with_a_warning_that_does_not_show_it() -> None:
    found = read(one(smtp='host = "h"\nusername = "u"\npassword = "hunter2"'))
    assert found.drafts[0].credentials.smtp == "hunter2"
    [warning] = found.warnings
    assert "smtp.password: stands readable in the file" in warning
    assert "hunter2" not in warning + repr(found)


def test_a_login_that_can_never_work_is_warned_of() -> None:
    smtp = 'username = "u"\nsecurity = "none"\npassword = { env = "P" }'
    [warning] = read(one(smtp=f'host = "mail.example.com"\n{smtp}'), P="x").warnings
    assert "only within this machine" in warning
    assert read(one(smtp=f'host = "localhost"\n{smtp}'), P="x").warnings == ()


def test_a_password_file_loses_only_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b" two words \r\n")
    text = one(smtp='host = "h"\nusername = "u"\npassword = { file = "p" }')
    assert read(text, tmp_path).drafts[0].credentials.smtp == " two words "
    (tmp_path / "p").write_bytes(b"x" * 5000)
    with pytest.raises(ProfilesFileWrong, match="too long for a password"):
        read(text, tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for hostile in (text, f"[[profile]]\n{text}", one(text)):
        with contextlib.suppress(ProfilesFileWrong):  # and nothing else
            read(hostile)
