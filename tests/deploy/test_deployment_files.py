"""docker-compose.yml, Dockerfile and Procfile: parsed as the tools read them, and every command of theirs started.

There is no container engine where these tests run, so no image is built: what a container would run is run from this
environment, with the service's own environment and local servers in place of the service's neighbours.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from consumers.contract import Publisher, read_event
from tests.deploy.conftest import Started, ended, wait_until
from tests.deploy.redis_rig import RedisServer
from tests.rig.postgresql import PostgreSql
from tests.rig.programs import free_ports
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import run_finished
from worker.cli.running import STOP_MARGIN
from worker.settings import Settings

ROOT = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ["migrate", "worker", "clock", "web"]
#: What `.env` holds.
SECRETS = {
    "POSTGRES_PASSWORD": "0f0f",
    "REDIS_PASSWORD": "f0f0",
    "RUNMAIL_SECRET_KEYS": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}
#: A version a person can look up: three numbers, or two where the project has only two.
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.-]+)?")


def interpolate(text: str, given: dict[str, str]) -> str:
    """Replace variables as compose does; KeyError with the message where a required one is missing or empty."""

    def value(match: re.Match[str]) -> str:
        name, form, rest = match["name"], match["form"], match["rest"]
        if form == ":?" and not given.get(name):
            raise KeyError(rest)
        return given.get(name) or (rest if form == ":-" else "")

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<form>:[?-])(?P<rest>[^}]*))?\}", value, text)


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_restarted_watched_and_on_loopback(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"]), service["image"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert name in ("worker", "clock") or service["healthcheck"]  # theirs comes with the image
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    assert seconds(service["stop_grace_period"]) >= 10


@pytest.mark.parametrize("name", OURS)
def test_our_services_stop_in_time_and_can_do_little(name: str) -> None:
    service = SERVICES[name]
    stop_seconds = float(service["environment"]["RUNMAIL_STOP_SECONDS"])
    assert stop_seconds == Settings.model_fields["stop_seconds"].default
    assert seconds(service["stop_grace_period"]) > stop_seconds + STOP_MARGIN
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service["depends_on"]) <= set(SERVICES)
    assert service["image"].endswith(f":{version()}")


def version() -> str:
    match = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("empty", [True, False])
def test_nothing_starts_without_its_secrets(name: str, empty: bool) -> None:
    given = {key: value for key, value in SECRETS.items() if key != name} | ({name: ""} if empty else {})
    with pytest.raises(KeyError, match=f"set {name} in .env"):
        interpolate((ROOT / "docker-compose.yml").read_text("utf-8"), given)


def test_two_workers_wait_for_the_migration() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    for name in ("worker", "clock"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


# The Dockerfile, read as its builder does.


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def all_of(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def test_the_image_is_pinned_small_and_not_run_by_root() -> None:
    bases = [line.split()[0] for line in all_of("FROM")]
    assert len(bases) == 2
    assert len(set(bases)) == 1, "a virtual environment works only on the Python it was made with"
    assert PINNED.fullmatch(bases[0])
    assert "slim" in bases[0]
    assert all_of("USER") == ["10001:10001"]
    assert all_of("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(all_of("ENTRYPOINT")[0]) == ["runmail"]
    installs = [line for line in all_of("RUN") if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert not re.search(r"://(?!127\.0\.0\.1)|index|apt-get", (ROOT / "Dockerfile").read_text("utf-8"))


def test_what_the_image_copies_is_there_and_sent_to_the_builder_and_nothing_else_is() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    sent = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = {line.split()[0] for line in all_of("COPY") if not line.startswith("--from")}
    assert copied == sent
    assert all((ROOT / path).exists() for path in copied)
    assert any(fnmatch.fnmatch("worker/__pycache__", pattern) for pattern in patterns if pattern.startswith("**"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image has in /app, and the script `runmail` as the image makes it."""
    folder = tmp_path_factory.mktemp("image")
    for line in all_of("COPY"):
        source, _, target = line.partition(" ")
        if target.startswith("/app/"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, folder / target.removeprefix("/"), ignore=ignored)
    (made,) = [line for line in all_of("RUN") if "> /opt/runmail/bin/runmail" in line]
    script = shlex.split(made)[1].replace("\\n", "\n").replace("/opt/runmail/bin/python", sys.executable)
    (folder / "bin").mkdir()
    (folder / "bin" / "runmail").write_text(script)
    (folder / "bin" / "runmail").chmod(0o755)
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder / "app"], check=True)
    return folder


def image_environment(image: Path) -> dict[str, str]:
    """Return what the image sets, with its places moved into `image`."""
    pairs = dict(pair.split("=", 1) for pair in shlex.split(all_of("ENV")[0]))
    places = {"PATH": f"{image / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(image / "app")}
    return {**pairs, **places, "RUNMAIL_HOME": str(image / "state"), "RUNMAIL_HEALTH_PORT": ""}


def test_the_image_has_all_that_the_command_needs(image: Path) -> None:
    program = "import worker, consumers, profiles; print(worker.__path__[0])"
    environment = image_environment(image)
    where = subprocess.run([sys.executable, "-c", program], env=environment, cwd=image, capture_output=True, text=True)
    assert where.stdout.strip() == str(image / "app" / "worker")
    done = subprocess.run(
        ["runmail", "preview", "app/examples/alert.json", "--out", "mail"], env=environment, cwd=image
    )
    assert done.returncode == 0
    # A command that has no health port to ask is fine; state goes to the volume.
    assert subprocess.run(["runmail", "audit"], env=environment, cwd=image).returncode == 0
    assert (image / "state" / "runmail.sqlite3").exists()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (None, False)])
def test_the_health_check_follows_what_the_process_says(status: int | None, healthy: bool) -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status or 500)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    command = json.loads(all_of("HEALTHCHECK")[0].partition("CMD ")[2])
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port if status else free_ports(1)[0]
        environment = {"PATH": str(Path(sys.executable).parent), "RUNMAIL_HEALTH_PORT": str(port)}
        done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
        server.shutdown()
    assert (done.returncode == 0) is healthy
    assert asked == (["/healthz"] if status else [])


# The services, run.


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    """A real Redis with the configuration that the compose file gives it."""
    (port,) = free_ports(1)
    text = interpolate(COMPOSE["configs"]["redis"]["content"], SECRETS)
    options = [line.replace("/data", str(tmp_path / "redis")) for line in text.splitlines()]
    server = RedisServer(tmp_path / "redis", port, [*options, f"port {port}"])
    server.start()
    client = redis.Redis(port=port, password=SECRETS["REDIS_PASSWORD"], retry=None)
    wait_until(lambda: answers(client))
    yield server
    server.kill()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.mark.real("redis")
@pytest.mark.real("postgresql")
def test_the_services_of_the_compose_file_work_together(
    image: Path, broker: RedisServer, postgresql: PostgreSql, smtp_server: FaultySmtpServer, tmp_path: Path
) -> None:
    neighbours = {
        "@database:5432/runmail": f"@127.0.0.1:{postgresql.port}/compose",
        "@broker:6379": f"@127.0.0.1:{broker.port}",
    }
    postgresql.make("compose")
    running: list[subprocess.Popen[bytes]] = []

    def environment(name: str) -> dict[str, str]:
        given = {**image_environment(image)}
        for variable, value in SERVICES[name]["environment"].items():
            given[variable] = interpolate(value, SECRETS)
            for before, after in neighbours.items():
                given[variable] = given[variable].replace(before, after)
        return {**given, "RUNMAIL_HOME": str(tmp_path / "state")}

    def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["runmail", *(words or SERVICES[name]["command"])]
        return subprocess.run(
            command, env=environment(name), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    assert run("migrate").returncode == 0
    # The words of docs/deploying.md, with the test's server in place of Mailpit.
    asked = ("--smtp-host", smtp_server.host, "--smtp-port", str(smtp_server.port), "--smtp-security", "none")
    made = run("worker", "profiles", "new", "--name", "QA alerts", "--from", "qa@example.com", *asked)
    assert made.returncode == 0, made.stderr
    log = tmp_path / "services.log"
    with log.open("wb") as out:
        for name in ["worker"] * SERVICES["worker"]["deploy"]["replicas"] + ["clock"]:
            command = ["runmail", *SERVICES[name]["command"]]
            running.append(subprocess.Popen(command, env=environment(name), cwd=tmp_path, stdout=out, stderr=out))
    try:
        wait_until(lambda: log.read_text().count("worker_started") == 2 and "clock_has_lease" in log.read_text())
        with Publisher(environment("worker")["RUNMAIL_BROKER_URL"]) as publisher:
            publisher.publish(read_event(run_finished()))
        smtp_server.wait_for(1, seconds=60)
        findings = {each["subject"]: each for each in json.loads(run("clock", "doctor", "--json").stdout)}
        assert {each["verdict"] for each in findings.values()} == {"ok"}, findings
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in running]
    assert codes == [0, 0, 0]
    assert not any(secret in log.read_text() for secret in SECRETS.values())


def test_a_procfile_runner_starts_and_stops_what_it_lists(
    started: Started, smtp_server: FaultySmtpServer, tmp_path: Path
) -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert set(lines) == {"worker", "clock", "web"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with open(started.home / "procfile.log", "w", encoding="utf-8") as log:
        for line in lines.values():
            started.processes.append(
                subprocess.Popen(  # as foreman and honcho do: a shell in a group of its own
                    ["sh", "-c", line],
                    env=started.environment(PATH=path),
                    stdout=log,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
            )
    wait_until(lambda: started.said("worker_started") and started.said("clock_has_lease"))
    for process in started.processes:
        # Both signal the whole group, and again when it does not end at once.
        os.killpg(process.pid, signal.SIGTERM)
        os.killpg(process.pid, signal.SIGTERM)
    assert all(process.wait(60) in (0, -signal.SIGTERM) for process in started.processes)
    wait_until(lambda: started.said("worker_stopped"))


__all__ = ["ended"]
