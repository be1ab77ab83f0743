"""Throughput with and without the commit before DATA, in one run. See bench/README.md."""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from outbound import HERE, Figures, Sink, measure

from consumers.contract import Publisher, read_event
from profiles.profile import Limits, Profile, Security, SmtpSettings
from worker.embedded_redis import EmbeddedRedis
from worker.ground import lay_ground
from worker.migrate import migrate
from worker.settings import Settings

PROGRAMS = {
    "with": ["-m", "worker.cli.main", "worker"],
    "without": [str(HERE / "without_data_phase.py")],
}


def run(name: str, sink: Sink, events: list[dict[str, Any]], options: argparse.Namespace) -> Figures:
    """Measure one side on a broker and a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedRedis(Path(folder))
        broker = embedded.start()
        ground = lay_ground(Settings(home=Path(folder)))
        migrate(ground.engine)
        smtp = SmtpSettings("127.0.0.1", sink.port, Security.NONE)
        limits = Limits(connections=options.threads)
        ground.profiles.add(Profile(id=0, name="bench", from_address="qa@example.com", smtp=smtp, limits=limits))
        ground.engine.dispose()
        publisher = Publisher(broker.url)
        environment = {**os.environ, "RUNMAIL_HOME": folder, "RUNMAIL_BROKER_URL": broker.url}
        try:
            return measure(
                sink,
                lambda: subprocess.Popen(
                    [sys.executable, *PROGRAMS[name], "--threads", str(options.threads)],
                    cwd=HERE.parent,
                    env={**environment, "RUNMAIL_LOG_LEVEL": "warning", "PYTHONPATH": str(HERE.parent)},
                ),
                lambda batch: publisher.publish_many(read_event(each) for each in batch),
                events,
                calm=2,
                recipients=options.recipients,
            )
        finally:
            embedded.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=2, help="runs of each side, in turn; the best of each counts")
    parser.add_argument("--recipients", type=int, default=5, help="recipients of each event")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    example = json.loads((HERE.parent / "examples" / "run-finished.json").read_text())
    example["data"].update(profile="bench", recipients=[f"person-{n}@example.com" for n in range(options.recipients)])
    events = [{**copy.deepcopy(example), "id": f"bench-{n}"} for n in range(options.events + 50)]
    best = dict.fromkeys(PROGRAMS, 0.0)
    sink = Sink()
    try:
        for _ in range(options.rounds):
            for name in PROGRAMS:
                best[name] = max(best[name], run(name, sink, events, options).mails_per_second)
    finally:
        sink.process.kill()
        sink.process.wait()
    loss = 1 - best["with"] / best["without"]
    if options.json:
        print(json.dumps({**best, "loss": loss}))
    else:
        print(f"with the commit before DATA {best['with']:.0f} mails/s, without {best['without']:.0f}: loss {loss:.0%}")


if __name__ == "__main__":
    main()
