"""What the tests of metrics, health and traces share."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.rig.postgresql import PostgreSql
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent


def fetch(port: int, path: str) -> tuple[int, str]:
    """Return status and body of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def report(port: int, path: str) -> tuple[int, dict[str, Any]]:
    """Return status and checks of a health page."""
    status, body = fetch(port, path)
    return status, json.loads(body)["checks"]


def samples(port: int) -> dict[str, float]:
    """Return every sample of /metrics, by its name and labels as they are written."""
    status, body = fetch(port, "/metrics")
    assert status == 200
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def listening(spine: Spine, count: int = 1) -> list[int]:
    """Return the ports that the processes of a test say they listen on, once there are so many."""

    def ports() -> list[int]:
        lines = [line for line in spine.logs().splitlines() if "health_listens" in line]
        return [int(found[1]) for line in lines if (found := re.search(r'"port": (\d+)', line))]

    wait_until(lambda: len(ports()) >= count, 60)
    return ports()


@pytest.fixture
def database(postgresql: PostgreSql, request: pytest.FixtureRequest) -> str:
    """An empty database for the test's spine."""
    return postgresql.make(f"observe_{abs(hash(request.node.name)) % 10**8}")
