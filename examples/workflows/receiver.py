"""A receiver of runmail's webhooks that starts a pipeline when somebody answers a mail with `rerun failed`.

    RECEIVER_SECRET=whsec_… python3 receiver.py --port 8099 -- ci-start-pipeline

It needs nothing but Python. Whatever stands behind `--` is run once for each command, with what is to be run again in
its environment: RERUN_SUITE, RERUN_BRANCH, RERUN_RUN_ID, RERUN_TESTS (one name a line) and RERUN_BY.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

#: Seconds by which the clocks of sender and receiver may differ; an older request is somebody's recording.
TOLERANCE = 300
#: Bytes of a request's body.
MOST_BYTES = 1_000_000
#: Ids of events that are remembered, so that a repeated one starts nothing twice.
MOST_IDS = 10_000


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Say whether a request was signed with `secret` within the last minutes (Standard Webhooks 1.0)."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    return any(hmac.compare_digest(wanted, each) for each in headers.get("webhook-signature", "").split(" "))


class Pipeline:
    """Starts the command, once for each event."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def take(self, event: Mapping[str, Any]) -> str:
        """Start the pipeline if the event asks for it; return what was done."""
        data = event["data"]
        if event["type"] != "runmail.command.issued" or data["command"] not in ("rerun", "rerun failed"):
            return "nothing to do"
        with self._lock:
            if event["id"] in self._seen:
                return "done before"
            self._start(data)
            self._seen[event["id"]] = None
            if len(self._seen) > MOST_IDS:
                self._seen.popitem(last=False)
        return "started"

    def _start(self, data: Mapping[str, Any]) -> None:
        about = data.get("about", {})
        tests = data.get("failed_tests", []) if data["command"] == "rerun failed" else []
        wanted = {
            "RERUN_SUITE": about.get("suite", ""),
            "RERUN_BRANCH": about.get("branch", ""),
            "RERUN_RUN_ID": about.get("run_id", ""),
            "RERUN_TESTS": "\n".join(tests),
            "RERUN_BY": data["issued_by"],
        }
        # As variables and never as part of a command line: names of tests are anybody's text.
        subprocess.Popen(self._command, env={**os.environ, **wanted})  # noqa: S603


def serve(port: int, secret: str, pipeline: Pipeline) -> None:
    """Take requests until stopped."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MOST_BYTES:
                self._answer(413, "too large")
                return
            body = self.rfile.read(int(length))
            if not is_genuine(secret, self.headers, body, time.time()):
                self._answer(401, "not signed by runmail, or too old")
                return
            self._answer(200, pipeline.take(json.loads(body)))

        def _answer(self, status: int, said: str) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"{said}\n".encode())

    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    sys.stderr.write(f"listening on port {server.server_address[1]}\n")
    sys.stderr.flush()
    server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description="Start a pipeline when somebody answers a mail with `rerun failed`.")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("command", nargs="+", help="what starts the pipeline")
    given = parser.parse_args()
    secret = os.environ.get("RECEIVER_SECRET", "")
    if not secret:
        parser.error("set RECEIVER_SECRET to the secret that `runmail webhooks add` showed")
    serve(given.port, secret, Pipeline(given.command))


if __name__ == "__main__":
    main()
