"""An SMTP sink that costs little, so that what is measured is the worker: it takes every mail and notes when.

Run as a process of its own: prints its port, then answers each line on stdin with a JSON object
{"taken": n, "times": {event id: seconds}} and, for the line "reset", forgets everything.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

times: dict[str, float] = {}
taken = 0


async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak as much SMTP as a client that goes the straight way needs."""
    global taken
    writer.write(b"220 sink\r\n")
    try:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                message = await reader.readuntil(b"\r\n.\r\n")
                at = message.find(b"X-Runmail-Event: ")
                times[message[at + 17 : message.find(b"\r\n", at)].decode()] = time.time()
                taken += 1
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif verb == b"EHLO":
                writer.write(b"250-sink\r\n250 SIZE 100000000\r\n")
            else:
                writer.write(b"250 ok\r\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve() -> None:
    """Serve on loopback until stdin ends."""
    global taken
    server = await asyncio.start_server(session, "127.0.0.1", 0, limit=2**24)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "reset":
            times.clear()
            taken = 0
        sys.stdout.write(json.dumps({"taken": taken, "times": times if line.strip() == "times" else {}}) + "\n")
        sys.stdout.flush()


asyncio.run(serve())
