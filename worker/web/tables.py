"""The tables of the web application: accounts, sessions, one-time links, attempts to log in, and who changed what.

Times are milliseconds UTC. No password, token or address of a link is kept: of each only a hash.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Text
from sqlmodel import Field, SQLModel

RowId = BigInteger().with_variant(Integer, "sqlite")


class AccountRow(SQLModel, table=True):
    """Someone who may log in. Without a password only by a proxy that vouches for the name."""

    __tablename__ = "web_account"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    name: str = Field(max_length=64)
    #: The name with its case folded: two accounts never differ by case alone.
    name_key: str = Field(max_length=200, unique=True)
    role: str = Field(max_length=16)
    password_hash: str | None = Field(default=None, sa_column=Column(Text))
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class SessionRow(SQLModel, table=True):
    """A visit of someone who came in; without an account by a one-time link."""

    __tablename__ = "web_session"
    __table_args__ = (Index("web_session_account", "account_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    token_hash: str = Field(max_length=64, unique=True)
    account_id: int | None = Field(default=None, sa_column=Column(RowId, ForeignKey("web_account.id")))
    #: The visitor's name where there is no account.
    name: str = Field(max_length=200)
    via: str = Field(max_length=16)
    notices: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: int = Field(sa_type=BigInteger)
    seen_at: int = Field(sa_type=BigInteger)


class LinkRow(SQLModel, table=True):
    """A one-time link that was printed and not used."""

    __tablename__ = "web_link"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    token_hash: str = Field(max_length=64, unique=True)
    #: Who had it printed.
    name: str = Field(max_length=200)
    ends_at: int = Field(sa_type=BigInteger)


class AttemptRow(SQLModel, table=True):
    """A failed or unfinished attempt to log in; the name as a hash, since people type passwords there."""

    __tablename__ = "web_attempt"
    __table_args__ = (
        Index("web_attempt_name", "name_hash", "at"),
        Index("web_attempt_address", "address", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    name_hash: str = Field(max_length=64)
    address: str = Field(max_length=64)
    at: int = Field(sa_type=BigInteger)


class AccountDeedRow(SQLModel, table=True):
    """One entry of the trail of accounts: it outlives the account."""

    __tablename__ = "web_account_deed"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    at: int = Field(sa_type=BigInteger)
    account: str = Field(max_length=200)
    deed: str = Field(max_length=32)
    who: str = Field(max_length=200)
    via: str = Field(max_length=32)
    host: str = Field(max_length=255)
