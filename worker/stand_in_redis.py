"""A stand-in for Redis in Python, for machines where no server can be had. It keeps nothing when it ends.

Run as `python -m worker.stand_in_redis` with the port and a password as two lines on stdin. It ends with SHUTDOWN
or a signal.
"""

from __future__ import annotations

import sys

from fakeredis import TcpFakeServer


def serve() -> None:
    """Serve on loopback until ended."""
    port = int(sys.stdin.readline())
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    serve()
