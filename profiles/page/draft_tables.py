"""The table `page_draft`: forms that were typed and not saved yet, for half an hour."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel


class PageDraftRow(SQLModel, table=True):
    """A form as it was last sent. What is sealed opens only for this row and the server it was typed for."""

    __tablename__ = "page_draft"
    __table_args__ = (Index("page_draft_expires", "expires_at"), Index("page_draft_owner", "owner", "expires_at"))

    #: Random: it stands in addresses.
    id: str = Field(primary_key=True, max_length=64)
    #: The session it belongs to, as the application names it.
    owner: str = Field(max_length=255)
    #: The profile the form is about; 0 is a new one.
    profile_id: int
    #: What was typed, without any credential.
    fields: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    smtp_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    #: The server it was typed for: host, port, security, user; null where what stood there could not be used.
    smtp_place: list[str | None] | None = Field(default=None, sa_column=Column(JSON))
    imap_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    imap_place: list[str | None] | None = Field(default=None, sa_column=Column(JSON))
    #: Milliseconds UTC.
    expires_at: int = Field(sa_type=BigInteger)

    def sealed(self, service: str) -> tuple[bytes, list[str | None]] | None:
        """Return what is sealed for a service, and the server it was typed for."""
        sealed, place = (
            (self.smtp_sealed, self.smtp_place) if service == "smtp" else (self.imap_sealed, self.imap_place)
        )
        return None if sealed is None or place is None else (sealed, place)


def columns_of(service: str, sealed: bytes | None, place: list[str | None] | None) -> dict[str, Any]:
    """Return the columns that keep what is sealed for a service."""
    return {f"{service}_sealed": sealed, f"{service}_place": place}
