"""Connection tests that run while a page watches: bounded in number, time and reach."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from profiles.last_test import LastTest
from profiles.page.trials import MOST_AT_ONCE, MOST_OF_ONE, PER_MINUTE, Came, TooManyTrials, Trial, Trials, Watch
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.reach import Reach
from profiles.sealing import Service
from profiles.stages import Outcome, Stage
from profiles.trying_out import try_service
from tests.rig.fixtures import StartSmtpServer

PROFILE = Profile(0, "QA", "qa@example.com", SmtpSettings("mail.example.com", 25, Security.NONE))
HERE = Reach(resolver=lambda host, port: ["127.0.0.1"])


def until(met: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def await_end(trial: Trial) -> None:
    until(lambda: not trial.is_running)


def begin(trials: Trials, work: Callable[[Watch, Reach], Came], who: str = "ada") -> Trial:
    return trials.begin(work, owner=f"session of {who}", who=who, profile=PROFILE, services=("smtp",))


def try_profile(trials: Trials, profile: Profile, service: Service = "smtp") -> Trial:
    def work(watch: Watch, reach: Reach) -> Came:
        test = try_service(profile, service, None, lambda stage: watch(service, stage), now=1, reach=reach)
        return Came({service: test})

    trial = trials.begin(work, owner="o", who="ada", profile=profile, services=(service,))
    until(lambda: not trial.is_running)
    return trial


def test_stages_are_seen_before_the_test_has_ended() -> None:
    trials, go_on = Trials(HERE), threading.Event()

    def work(watch: Watch, reach: Reach) -> Came:
        watch("smtp", Stage("resolve", Outcome.OK, "127.0.0.1"))
        go_on.wait(20)
        return Came({"smtp": LastTest(1, "resolve")})

    trial = begin(trials, work)
    until(lambda: len(trial.stages) == 1)
    assert trial.is_running
    go_on.set()
    until(lambda: not trial.is_running)
    assert trial.came is not None
    assert trial.came.passed
    assert trials.find("session of ada", trial.id) is trial
    assert trials.find("session of eve", trial.id) is None


def test_one_visitor_has_few_tests_at_once_and_few_a_minute() -> None:
    now = [0.0]
    trials, go_on = Trials(HERE, clock=lambda: now[0]), threading.Event()

    def work(watch: Watch, reach: Reach) -> Came:
        go_on.wait(20)
        return Came()

    running = [begin(trials, work) for _ in range(MOST_OF_ONE)]
    with pytest.raises(TooManyTrials, match="are running"):
        begin(trials, work)
    others = [begin(trials, work, f"other {number}") for number in range(MOST_AT_ONCE - MOST_OF_ONE)]
    with pytest.raises(TooManyTrials, match="Many tests"):
        begin(trials, work, "grace")
    go_on.set()
    for trial in others:
        await_end(trial)
    until(lambda: not any(trial.is_running for trial in running))
    for _ in range(PER_MINUTE - MOST_OF_ONE):
        await_end(begin(trials, work))
    with pytest.raises(TooManyTrials, match="within a minute"):
        begin(trials, work)
    now[0] = 60.0
    begin(trials, work)


def test_what_breaks_in_a_test_is_said_and_holds_up_nothing() -> None:
    def work(watch: Watch, reach: Reach) -> Came:
        raise RuntimeError("sesame")

    trial = begin(Trials(HERE), work)
    until(lambda: not trial.is_running)
    assert trial.came is not None
    assert "unforeseen" in trial.came.fault
    assert "sesame" not in trial.came.fault


@pytest.mark.parametrize("security", [Security.NONE, Security.TLS])
@pytest.mark.parametrize("service", ["smtp", "imap"])
def test_a_server_that_never_answers_is_cut_off(service: Service, security: Security) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        smtp = SmtpSettings("mail.example.com", port, security)
        imap = ImapSettings("mail.example.com", port, security, "qa")
        began = time.monotonic()
        trial = try_profile(Trials(HERE, longest=0.5), replace(PROFILE, smtp=smtp, imap=imap), service)
        assert time.monotonic() - began < 10
        assert trial.stages[-1][1].reason == "timed_out"
        assert trial.came is not None
        assert "was ended after 0.5 seconds" in trial.came.fault
        opened, _ = listening.accept()
        with opened:
            opened.settimeout(10)
            while opened.recv(4096):
                pass  # until the end: the connection is gone, and with it what held the thread


def test_a_name_that_resolves_differently_the_second_time_is_asked_once() -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"]])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    trial = try_profile(Trials(Reach(resolver=resolver)), PROFILE)
    assert asked == ["mail.example.com"]
    assert trial.stages[0][1].said == "127.0.0.1"
    second = try_profile(Trials(Reach(resolver=lambda host, port: ["::ffff:169.254.169.254"])), PROFILE)
    assert second.stages[-1][1].reason in ("address_is_link_local", "address_is_cloud_metadata")


def test_a_port_that_is_not_for_mail_is_never_connected_to(start_smtp_server: StartSmtpServer) -> None:
    server = start_smtp_server()
    trials = Trials(Reach(resolver=HERE.resolver, ports=frozenset({25})))
    trial = try_profile(trials, Profile(0, "QA", "qa@example.com", SmtpSettings("h", server.port, Security.NONE)))
    assert trial.stages[-1][1].reason == "port_not_allowed"
    assert server.connections == 0
