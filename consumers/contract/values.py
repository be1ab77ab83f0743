"""What events are built of: a frozen value, and what every event's data may carry. No single type of event."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .texts import MAX_RECIPIENTS, AddressText, Count, Name, ProfileName, ShortText, Url


class Value(BaseModel):
    """A frozen value that keeps fields it does not know and never prints its input in an error."""

    model_config = ConfigDict(
        frozen=True, extra="allow", hide_input_in_errors=True, populate_by_name=True, ser_json_inf_nan="null"
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """Drop fields that are null: many publishers write absent values so."""
        if isinstance(value, dict) and None in value.values():
            return {name: part for name, part in value.items() if part is not None}
        return value


class EventData(Value):
    """What every event's data may carry."""

    profile: ProfileName
    recipients: Annotated[tuple[AddressText, ...], Field(max_length=MAX_RECIPIENTS)] = ()
    url: Url | None = None
    labels: Annotated[dict[Name, ShortText], Field(max_length=100)] = {}
    #: What the publisher left out to stay under 1 MB, such as `{"traces": 12}`.
    shortened: dict[Name, Count] = {}
    #: How many texts that looked like credentials the publisher masked; absent when none.
    masked: Count | None = None
