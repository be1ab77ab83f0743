"""How long profile B's mail takes while profile A's server hangs at each verb, beside A idle. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from outbound import HERE, Sink

from consumers.contract import Publisher, read_event
from profiles.profile import Profile, Security, SmtpSettings
from tests.faults.inputs import alert
from tests.faults.sink import Sink as FaultySink
from worker.embedded_redis import EmbeddedRedis
from worker.ground import lay_ground
from worker.migrate import migrate
from worker.settings import Settings

VERBS = ("BANNER", "EHLO", "MAIL", "RCPT", "DATA", "DOT")
#: Mails that wait for A's hanging server: more than its connections, so that a queue stands behind them.
HANGING = 50
#: Seconds between B's events, and between asking the hanging server whether it has been reached.
PACE = 0.04
LOOK = 0.05


def latencies(sink: Sink, publisher: Publisher, name: str, count: int) -> tuple[float, float]:
    """Publish to B at a calm pace; return p50 and p99 of publish → taken in milliseconds."""
    sink.ask("reset")
    published: dict[str, float] = {}
    for number in range(count):
        event = alert(f"{name}-{number}", profile="B")
        published[event["id"]] = time.time()
        publisher.publish(read_event(event))
        time.sleep(PACE)
    sink.wait_for(count)
    times = sink.ask("times")["times"]
    cuts = quantiles([(times[event] - at) * 1000 for event, at in published.items()], n=100)
    return cuts[49], cuts[98]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200, help="events of B measured beside each fault of A")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        embedded = EmbeddedRedis(home)
        broker = embedded.start()
        faulty, sink = FaultySink(home / "taken.tsv"), Sink()
        ground = lay_ground(Settings(home=home))
        migrate(ground.engine)
        worker = None
        try:
            ports = {"B": sink.port, **{verb: faulty.open(verb) for verb in VERBS}}
            for name, port in ports.items():
                smtp = SmtpSettings("127.0.0.1", port, Security.NONE)
                ground.profiles.add(Profile(id=0, name=name, from_address="qa@example.com", smtp=smtp))
            worker = subprocess.Popen(
                [sys.executable, "-m", "worker.cli.main", "worker"],
                cwd=HERE.parent,
                env={
                    **os.environ,
                    "RUNMAIL_HOME": folder,
                    "RUNMAIL_BROKER_URL": broker.url,
                    "RUNMAIL_LOG_LEVEL": "error",
                },
            )
            publisher = Publisher(broker.url)
            latencies(sink, publisher, "warm", 50)
            found: dict[str, tuple[float, float]] = {"idle": latencies(sink, publisher, "idle", options.events)}
            for verb in VERBS:
                faulty.fault(verb, "hang", name=verb)
                publisher.publish_many(read_event(alert(f"{verb}-{n}", profile=verb)) for n in range(HANGING))
                while not faulty.facts(verb)["open"]:
                    time.sleep(LOOK)
                found[verb] = latencies(sink, publisher, f"beside-{verb}", options.events)
            found["all at once"] = latencies(sink, publisher, "all", options.events)
        finally:
            for process in (worker, sink.process):
                if process is not None:
                    process.kill()
                    process.wait()
            faulty.stop()
            embedded.stop()
    show(found, options.json)


def show(found: dict[str, tuple[float, float]], as_json: bool) -> None:
    """Print the figures; the ratio is of p99 beside that of the idle run."""
    idle = found["idle"][1]
    rows: list[dict[str, Any]] = [
        {"beside": name, "p50": p50, "p99": p99, "ratio": p99 / idle} for name, (p50, p99) in found.items()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    print(f"{'A hangs at':12}{'B p50, ms':>12}{'B p99, ms':>12}{'p99 ratio':>12}")
    for row in rows:
        print(f"{row['beside']:12}{row['p50']:12.1f}{row['p99']:12.1f}{row['ratio']:12.2f}")


if __name__ == "__main__":
    main()
