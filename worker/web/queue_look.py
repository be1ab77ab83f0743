"""A look at the broker's queues for the overview: beside the request, which waits for it a moment and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError

from consumers.contract.broker_url import BrokerUrlWrong
from consumers.views.queue_stand import QueueStand
from worker.broker import QueueBroker
from worker.broker_file import read_broker
from worker.queue_backlog import read_queue
from worker.redis_client import make_client
from worker.settings import Settings
from worker.state import state_folder

#: Seconds a page waits for the broker; on loopback it answers in a millisecond.
PATIENCE = 0.4
#: Seconds after which the look itself gives up.
ANSWER = 2.0


class QueueLook:
    """Reads what waits on the queues; safe to use from several threads. `now` returns milliseconds UTC."""

    def __init__(self, settings: Settings, queues: Sequence[str], now: Callable[[], int]) -> None:
        self._settings = settings
        self._queues = queues
        self._now = now
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last: QueueStand | None = None

    def __call__(self) -> QueueStand | None:
        """Return what waits now; None when no broker answers in time."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._read, name="queue-look", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(PATIENCE)
        return None if thread.is_alive() else self._last

    def _read(self) -> None:
        self._last = None
        url = broker_address(self._settings)
        if url is None:
            return
        try:
            client = make_client(url, ANSWER)
        except BrokerUrlWrong:
            return
        try:
            broker = QueueBroker(client)
            found = [read_queue(broker, name, self._now()) for name in self._queues]
        except (RedisError, OSError):
            return
        finally:
            client.close()
        ages = [each.oldest for each in found if each.messages and each.oldest is not None]
        self._last = QueueStand(sum(each.messages for each in found), max(ages, default=None))


def broker_address(settings: Settings) -> str | None:
    """Return the address of the broker that is set, else of the embedded one that runs; None when there is neither."""
    return settings.broker_url.get_secret_value() if settings.broker_url else read_broker(state_folder(settings))
