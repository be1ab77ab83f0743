"""Addresses of a broker, and the Redis client for one; the only reader of such addresses.

    redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
    rediss://…                    the same over TLS; `?ssl_ca_certs=FILE` names the authority to trust
    unix://[[USER]:PASSWORD@]/PATH[?db=DATABASE]
    redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/DATABASE]
    rediss+sentinel://…           the same with TLS to the sentinels and to Redis

With sentinels the client asks them where the master is, at each new connection; user and password are those of
Redis. Those of the sentinels, if they have any, are `?sentinel_username=…&sentinel_password=…`. Letters that mean
something in an address are percent-encoded.

It imports redis only when a client is made. No text of an error repeats a part of the address but its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

SENTINEL_PORT = 26379
#: Times a command is tried again, 10 ms to 1 s apart.
TRIES = 8
FORMS = "redis://HOST:PORT/DATABASE, rediss://, unix:// or redis+sentinel://HOST:PORT,HOST:PORT/MASTER"
#: What may follow the question mark of an address with sentinels.
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}
_OF_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


class BrokerUrlWrong(ValueError):
    """Raised when an address is none of a broker. The text says what is wrong and repeats nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class SentinelUrl:
    """An address with sentinels, taken apart."""

    sentinels: tuple[tuple[str, int], ...]
    master: str
    database: int
    username: str | None
    password: str | None
    tls: bool
    options: dict[str, str]


def make_client(url: str, *, connect_seconds: float, answer_seconds: float) -> Redis:
    """Make the client for an address; nothing is sent yet. It survives short faults and failovers by itself.

    A server that does not accept within `connect_seconds` or answer within `answer_seconds` is given up.

    Raises:
        BrokerUrlWrong: when the address is none. redis-py's own text is left out: it repeats parts of it.
    """
    from redis import Redis

    from .retrying import OneRound

    timing: dict[str, Any] = {"socket_connect_timeout": connect_seconds, "socket_timeout": answer_seconds}
    if url.partition("://")[0].endswith("+sentinel"):
        return _behind_sentinels(read_sentinel_url(url), timing)
    try:
        client = Redis.from_url(url, health_check_interval=30, retry=OneRound(TRIES), **timing)
        # Options that are none are found when a connection is made: better now.
        client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    except (ValueError, TypeError):
        raise BrokerUrlWrong(f"the broker URL is none that Redis knows: write {FORMS}") from None
    return client


def make_async_client(url: str, *, connect_seconds: float, answer_seconds: float) -> AsyncRedis:
    """Make the client for asyncio; as `make_client`.

    Raises:
        BrokerUrlWrong: when the address is none.
    """
    from redis.asyncio import Redis
    from redis.asyncio.sentinel import Sentinel

    from .retrying import AsyncOneRound

    timing: dict[str, Any] = {"socket_connect_timeout": connect_seconds, "socket_timeout": answer_seconds}
    retry = AsyncOneRound(TRIES)
    if url.partition("://")[0].endswith("+sentinel"):
        found = read_sentinel_url(url)
        to_all, to_sentinels, to_redis = _options(found, timing)
        sentinels = Sentinel(  # type: ignore[no-untyped-call]
            list(found.sentinels), sentinel_kwargs={**to_all, **to_sentinels}, **to_all, **timing
        )
        client: AsyncRedis = sentinels.master_for(found.master, retry=retry, **to_redis)
        return client
    try:
        client = Redis.from_url(url, health_check_interval=30, retry=retry, **timing)
        client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    except (ValueError, TypeError):
        raise BrokerUrlWrong(f"the broker URL is none that Redis knows: write {FORMS}") from None
    return client


def _options(found: SentinelUrl, timing: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the options of every connection, those of the sentinels alone, and those of Redis alone."""
    to_all: dict[str, Any] = {name: value for name, value in found.options.items() if name in _OF_TLS}
    if found.tls:
        to_all["ssl"] = True
    login = {_OF_SENTINELS[name]: value for name, value in found.options.items() if name in _OF_SENTINELS}
    # A silent sentinel must cost less than the patience of those who ask it; there are others.
    short = dict.fromkeys(timing, timing["socket_connect_timeout"])
    to_redis = {
        "db": found.database,
        "username": found.username,
        "password": found.password,
        "health_check_interval": 30,
    }
    return to_all, {**login, **short, "retry": None}, to_redis


def _behind_sentinels(found: SentinelUrl, timing: dict[str, Any]) -> Redis:
    from redis.sentinel import Sentinel

    from .failover import TRIES as FAILOVER_TRIES
    from .failover import FollowingConnection, FollowingTlsConnection
    from .retrying import OneRound

    to_all, to_sentinels, to_redis = _options(found, timing)
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        list(found.sentinels), sentinel_kwargs={**to_all, **to_sentinels}, **to_all, **timing
    )
    client: Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
        found.master,
        retry=OneRound(FAILOVER_TRIES),
        connection_class=FollowingTlsConnection if found.tls else FollowingConnection,
        **to_redis,
    )
    return client


def read_sentinel_url(url: str) -> SentinelUrl:
    """Take an address with sentinels apart.

    Raises:
        BrokerUrlWrong: when a part is missing or is none.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise BrokerUrlWrong(f"the broker URL cannot be read: write {FORMS}") from None
    if parts.scheme not in ("redis+sentinel", "rediss+sentinel"):
        raise BrokerUrlWrong(f"the broker URL is none that Redis knows: write {FORMS}")
    login, _, hosts = parts.netloc.rpartition("@")
    username, colon, password = login.partition(":")
    path = [unquote(part) for part in parts.path.strip("/").split("/")]
    if not path[0] or len(path) > 2:
        raise BrokerUrlWrong("the broker URL does not name the sentinels' master: redis+sentinel://HOST:PORT/MASTER")
    if len(path) == 2 and not path[1].isdecimal():
        raise BrokerUrlWrong("the database in the broker URL is no number: redis+sentinel://HOST:PORT/MASTER/0")
    if set(options) - set(_OF_SENTINELS) - set(_OF_TLS):
        known = ", ".join([*_OF_SENTINELS, *_OF_TLS])
        raise BrokerUrlWrong(f"the broker URL has an option that is none: {known}")
    return SentinelUrl(
        sentinels=tuple(_host_and_port(each) for each in hosts.split(",")),
        master=path[0],
        database=int(path[1]) if len(path) == 2 else 0,
        username=unquote(username) or None,
        password=unquote(password) if colon and password else None,
        tls=parts.scheme.startswith("rediss"),
        options=options,
    )


def _host_and_port(text: str) -> tuple[str, int]:
    """Read `host`, `host:port` or `[v6]:port`."""
    try:
        found = urlsplit(f"//{text}")
        host, port = found.hostname, found.port
    except ValueError:
        host, port = None, None
    if not host or found.path:
        raise BrokerUrlWrong("a sentinel in the broker URL is no HOST:PORT")
    return host, port or SENTINEL_PORT


def place_of(client: Redis | AsyncRedis) -> str:
    """Say where a client's broker is, in words that carry no login."""
    pool: Any = client.connection_pool
    if hasattr(pool, "sentinel_manager"):
        sentinels = ",".join(
            "{host}:{port}".format_map(each.connection_pool.connection_kwargs)
            for each in pool.sentinel_manager.sentinels
        )
        return f"{pool.service_name} (sentinels {sentinels})"
    found = pool.connection_kwargs
    if "path" in found:
        return str(found["path"])
    return f"{found.get('host', 'localhost')}:{found.get('port', 6379)}"


def explain(client: Redis | AsyncRedis, error: Exception) -> str:
    """Say in one line what a failed command means to the one who configured the broker; never how to log in."""
    import redis

    place = place_of(client)
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        return f"the broker at {place} refuses the login: check the user and password in the broker URL"
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return f"the broker at {place} is a read-only replica"
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return f"the broker at {place} is out of memory"
    if isinstance(error, redis.ResponseError):
        return f"the broker at {place} refuses to write ({_error_name(error)})"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"the certificate of the broker at {place} is not trusted: name its authority with ?ssl_ca_certs=FILE"
    return f"no broker answers at {place}"


def _error_name(error: Exception) -> str:
    """Return the name a Redis error begins with; redis-py puts the command, and so the event, before it."""
    name = str(error).rpartition("caused error: ")[2].partition(" ")[0]
    return name if name.isalpha() and name.isupper() else "ERR"
