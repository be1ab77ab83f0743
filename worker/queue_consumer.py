"""A consumer of one queue that loses nothing: not garbage, not its neighbours, not a message during a stall.

dramatiq's own consumer decodes a body without knowing its id, so a body that cannot be decoded can never be
acked and strands what was fetched with it. Here every body keeps its id, and one that cannot be read becomes a
message for the actor `quarantine`, which writes it to the ledger before it is acked.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import redis
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed
from dramatiq.message import Message

if TYPE_CHECKING:
    from worker.broker import QueueBroker

#: Name of the actor that unreadable messages go to.
QUARANTINE = "quarantine"
#: Seconds between heartbeats of a consumer that fetches nothing because its workers are busy.
BEAT_SECONDS = 1.0
#: Seconds a consumer with busy workers sleeps before it looks again.
BUSY_SECONDS = 0.005
#: Seconds between looks at a server that does not block.
POLL_SECONDS = 0.05
#: Options of a queue message that we set or dramatiq's retries do; others come from strangers and are dropped.
KNOWN_OPTIONS: dict[str, tuple[type, ...]] = {
    "eta": (int, float),
    "retries": (int,),
    "requeue_timestamp": (int, float),
    "traceback": (str,),
}
#: What redis-py raises when the server cannot serve now; dramatiq knows only the first.
LOST = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.MasterDownError,
)
#: Names of further answers that mean "not now": its disk is full, it has too few replicas, a script runs.
NOT_NOW = ("MISCONF", "NOREPLICAS", "BUSY ")

P = ParamSpec("P")
T = TypeVar("T")


def _recognising_loss(call: Callable[P, T]) -> Callable[P, T]:
    """Wrap a method so that every form of a lost connection is one that dramatiq recovers from."""

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except LOST as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        except redis.ResponseError as error:
            # Redis 6 puts the name of what a script met into a longer sentence.
            if not any(name in str(error) for name in NOT_NOW):
                raise
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]

    return wrapped


class QueueConsumer(Consumer):
    """Iterates over the messages of one queue; None when there is none for `timeout` milliseconds."""

    def __init__(self, broker: QueueBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        self.broker = broker
        self.queue_name = queue_name
        self.prefetch = prefetch
        self.timeout = timeout
        self._fetched: deque[tuple[str, bytes]] = deque()
        self._outstanding = broker.outstanding[queue_name]
        self._beaten_at = 0.0
        prefix = f"{broker.namespace}:{queue_name}"
        self._queue_key = prefix
        self._keys = [
            prefix,
            f"{prefix}.msgs",
            f"{broker.namespace}:__acks__.{broker.broker_id}.{queue_name}",
            f"{broker.namespace}:__heartbeats__",
        ]
        if queue_name.endswith(".DQ"):
            # dramatiq forgets the delayed messages of a lost consumer; none of them is being worked on.
            self._outstanding.clear()

    @_recognising_loss
    def __next__(self) -> MessageProxy | None:
        if not self._fetched:
            self._fetch()
        if not self._fetched:
            return None
        redis_id, body = self._fetched.popleft()
        return MessageProxy(read_message(self.queue_name, redis_id, body, self.broker.actors))

    @_recognising_loss
    def ack(self, message: MessageProxy) -> None:
        """Take a finished message out of Redis."""
        redis_id = message.options["redis_message_id"]
        self.broker.do_ack(self.queue_name, redis_id)
        self._outstanding.discard(redis_id)

    @_recognising_loss
    def nack(self, message: MessageProxy) -> None:
        """Move a message to dramatiq's dead letters; nothing of ours asks for it."""
        redis_id = message.options["redis_message_id"]
        self.broker.do_nack(self.queue_name, redis_id)
        self._outstanding.discard(redis_id)

    @_recognising_loss
    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put messages back that were fetched and not begun."""
        ids = [message.options["redis_message_id"] for message in messages]
        if ids:
            self.broker.do_requeue(self.queue_name, *ids)
        self._outstanding.difference_update(ids)

    @_recognising_loss
    def close(self) -> None:
        """Put back what was fetched and never handed out."""
        ids = [redis_id for redis_id, _ in self._fetched]
        self._fetched.clear()
        if ids:
            self.broker.do_requeue(self.queue_name, *ids)
        self._outstanding.difference_update(ids)

    def _fetch(self) -> None:
        """Fetch what the workers have room for; wait on the queue itself while it is empty."""
        room = self.prefetch - len(self._outstanding)
        if room < (self.prefetch + 1) // 2:
            # Half of the prefetched messages are more than the workers can begin: fetching few at a time costs
            # a round trip for each.
            self._beat()
            time.sleep(BUSY_SECONDS)
            return
        if self._fetch_up_to(room):
            return
        seconds: Any = self.timeout / 1000
        # Moving the first id to where it was changes nothing and returns as soon as there is one: the server
        # wakes us, at once and without polling.
        began = time.monotonic()
        if self.broker.client.blmove(self._queue_key, self._queue_key, seconds, "LEFT", "LEFT"):
            self._fetch_up_to(room)
            return
        self._put_back_stranded()
        if time.monotonic() - began < seconds / 2:
            # The Python stand-in does not block; a real server does.
            time.sleep(POLL_SECONDS)

    def _fetch_up_to(self, room: int) -> bool:
        found: Any = self.broker.fetch_script(keys=self._keys, args=[current_millis(), self.broker.broker_id, room])
        pairs = zip(found[::2], found[1::2], strict=True)
        self._fetched.extend((redis_id.decode("utf-8", "surrogateescape"), body) for redis_id, body in pairs)
        self._outstanding.update(redis_id for redis_id, _ in self._fetched)
        return bool(self._fetched)

    def _put_back_stranded(self) -> None:
        """Put back what the server gave out in an answer that never reached us."""
        held: Any = self.broker.client.smembers(self._keys[2])
        stranded = {redis_id.decode("utf-8", "surrogateescape") for redis_id in held} - self._outstanding
        if stranded:
            self.broker.do_requeue(self.queue_name, *stranded)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten_at >= BEAT_SECONDS:
            self._beaten_at = time.monotonic()
            self.broker.beat()


def read_message(queue_name: str, redis_id: str, body: bytes, actors: Iterable[str]) -> Message[Any]:
    """Read a queue message; one that cannot be read becomes a message for the actor `quarantine`. Never raises."""
    try:
        found: Any = Message.decode(body)
        args, kwargs, options = list(found.args), dict(found.kwargs), dict(found.options)
        if not isinstance(found.actor_name, str) or found.actor_name not in actors:
            return _unreadable(queue_name, redis_id, body, "unknown_actor")
        if found.actor_name == QUARANTINE and "retries" not in options:
            return _unreadable(queue_name, redis_id, body, "unknown_actor")
        timestamp = found.message_timestamp
        return Message(
            queue_name=queue_name,
            actor_name=found.actor_name,
            args=tuple(args),
            kwargs=kwargs,
            options={
                **{
                    name: options[name]
                    for name, kinds in KNOWN_OPTIONS.items()
                    if isinstance(options.get(name), kinds) and not isinstance(options[name], bool)
                },
                "redis_message_id": redis_id,
            },
            message_id=str(found.message_id),
            message_timestamp=timestamp if isinstance(timestamp, int) else 0,
        )
    except Exception:  # noqa: BLE001 - a stranger's bytes: whatever they break, they are kept
        return _unreadable(queue_name, redis_id, body, "not_a_queue_message")


def _unreadable(queue_name: str, redis_id: str, body: bytes, reason: str) -> Message[Any]:
    return Message(
        queue_name=queue_name,
        actor_name=QUARANTINE,
        args=(base64.b64encode(body).decode("ascii"), reason),
        kwargs={},
        options={"redis_message_id": redis_id},
        message_id=redis_id,
        message_timestamp=current_millis(),
    )
