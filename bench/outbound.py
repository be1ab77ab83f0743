"""Throughput, cost and latency of the outbound path, beside a plain worker in the same run. See bench/README.md."""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from consumers.contract import Publisher, read_event  # noqa: E402
from profiles.profile import Limits, Profile, Security, SmtpSettings  # noqa: E402
from worker.embedded_redis import EmbeddedRedis  # noqa: E402
from worker.ground import lay_ground  # noqa: E402
from worker.migrate import migrate  # noqa: E402
from worker.settings import Settings  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds after which a side is given up.
DEADLINE = 300.0


@dataclass
class Figures:
    """What one side came to. `cpu` is milliseconds of the worker per mail, `memory` its peak in MB."""

    mails_per_second: float
    cpu: float
    memory: float
    p50: float = 0.0
    p99: float = 0.0


class Sink:
    """The sink's process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, HERE / "sink.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def ask(self, line: str = "") -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + DEADLINE
        while self.ask()["taken"] < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"only {self.ask()['taken']} of {count} mails came within {DEADLINE:g} s")
            time.sleep(0.02)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_memory(pid: int) -> float:
    """Return the largest resident set of a process in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(sink: Sink, start: Any, publish: Any, events: list[dict[str, Any]], calm: int, recipients: int) -> Figures:
    """Measure one side: a bulk of events that waits when the worker starts, then a calm stream."""
    warm, bulk = events[:50], events[50:]
    sink.ask("reset")
    worker = start()
    try:
        publish(warm)
        sink.wait_for(len(warm) * recipients)
        sink.ask("reset")
        before, began = cpu_seconds(worker.pid), time.time()
        publish(bulk)
        mails = len(bulk) * recipients
        sink.wait_for(mails)
        times = sink.ask("times")["times"]
        figures = Figures(
            mails_per_second=mails / (max(times.values()) - began),
            cpu=(cpu_seconds(worker.pid) - before) / mails * 1000,
            memory=peak_memory(worker.pid),
        )
        sink.ask("reset")
        published = {}
        for number in range(calm):
            each = copy.deepcopy(events[0])
            each["id"] = f"calm-{number}"
            published[each["id"]] = time.time()
            publish([each])
            time.sleep(0.05)
        sink.wait_for(calm * recipients)
        times = sink.ask("times")["times"]
        spans = [(times[name] - at) * 1000 for name, at in published.items()]
        cuts = quantiles(spans, n=100)
        figures.p50, figures.p99 = cuts[49], cuts[98]
        return figures
    finally:
        worker.terminate()
        worker.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--calm", type=int, default=100)
    parser.add_argument("--recipients", type=int, default=5, help="recipients of each event")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    example = json.loads((HERE.parent / "examples" / "run-finished.json").read_text())
    example["data"].update(profile="bench", recipients=[f"person-{n}@example.com" for n in range(options.recipients)])
    for failure in example["data"]["failures"]:
        failure["trace"] = (failure.get("trace") or "")[:1500]
    events = [{**copy.deepcopy(example), "id": f"bench-{n}"} for n in range(options.events + 50)]

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        embedded = EmbeddedRedis(home)
        broker = embedded.start()
        sink = Sink()
        try:
            plain = measure(
                sink,
                lambda: subprocess.Popen(
                    [sys.executable, HERE / "plain_worker.py", str(options.threads)],
                    env={
                        **os.environ,
                        "BENCH_BROKER": broker.url,
                        "BENCH_PORT": str(sink.port),
                        "BENCH_DATABASE": str(home / "plain.sqlite3"),
                    },
                ),
                lambda batch: publish_plain(broker.url, batch),
                events,
                options.calm,
                options.recipients,
            )
            ground = lay_ground(Settings(home=home))
            migrate(ground.engine)
            smtp = SmtpSettings("127.0.0.1", sink.port, Security.NONE)
            # As many connections as the plain worker has threads, and so connections, of its own.
            limits = Limits(connections=options.threads)
            ground.profiles.add(Profile(id=0, name="bench", from_address="qa@example.com", smtp=smtp, limits=limits))
            publisher = Publisher(broker.url)
            ours = measure(
                sink,
                lambda: subprocess.Popen(
                    [sys.executable, "-m", "worker.cli.main", "worker", "--threads", str(options.threads)],
                    cwd=HERE.parent,
                    env={
                        **os.environ,
                        "RUNMAIL_HOME": folder,
                        "RUNMAIL_BROKER_URL": broker.url,
                        "RUNMAIL_LOG_LEVEL": "warning",
                    },
                ),
                lambda batch: publisher.publish_many(read_event(each) for each in batch),
                events,
                options.calm,
                options.recipients,
            )
        finally:
            sink.process.kill()
            sink.process.wait()
            embedded.stop()
    show(plain, ours, options)


def publish_plain(url: str, batch: list[dict[str, Any]]) -> None:
    """Publish to the plain worker's queue, pipelined as ours is."""
    import uuid

    import redis

    pipeline = redis.Redis.from_url(url).pipeline()
    for each in batch:
        message_id = str(uuid.uuid4())
        body = {
            "queue_name": "plain",
            "actor_name": "send",
            "args": [each],
            "kwargs": {},
            "options": {"redis_message_id": message_id},
            "message_id": message_id,
            "message_timestamp": int(time.time() * 1000),
        }
        pipeline.hset("plain:plain.msgs", message_id, json.dumps(body))
        pipeline.rpush("plain:plain", message_id)
    pipeline.execute()


def show(plain: Figures, ours: Figures, options: argparse.Namespace) -> None:
    ratios = {name: getattr(ours, name) / getattr(plain, name) for name in asdict(ours)}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if options.json:
        print(json.dumps({"machine": machine, "plain": asdict(plain), "runmail": asdict(ours), "ratios": ratios}))
        return
    print(f"{options.events} events to {options.recipients} each, {options.threads} threads, one process; {machine}")
    print(f"{'':24}{'plain':>10}{'runmail':>10}{'ratio':>8}")
    names = {
        "mails_per_second": "mails/s",
        "cpu": "worker CPU, ms/mail",
        "memory": "peak memory, MB",
        "p50": "publish → taken p50, ms",
        "p99": "publish → taken p99, ms",
    }
    for name, label in names.items():
        print(f"{label:24}{getattr(plain, name):10.1f}{getattr(ours, name):10.1f}{ratios[name]:8.2f}")


if __name__ == "__main__":
    main()
