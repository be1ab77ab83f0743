"""The steps of a mail's story as lines of a terminal."""

from __future__ import annotations

from typing import Any


def step_told(step: dict[str, Any], *, with_delivery: bool = True) -> str:
    """Return one step of a story (`consumers.views.story`) as one line."""
    delivery = f"delivery {step['delivery']}" if with_delivery and step["delivery"] is not None else None
    number = f"{step['what']} {step['number']}" if "number" in step else step["what"]
    answer = " ".join(str(step[name]) for name in ("code", "status", "answer") if name in step)
    said = (
        step.get("outcome"),
        step.get("kind"),
        step.get("command"),
        _named(step, "deliveries", "{} deliveries"),
        _named(step, "about", "about {}"),
        _named(step, "by", "by {}"),
        step.get("reason"),
        answer,
        _named(step, "until", "until {}"),
        _named(step, "reply", "reply {}"),
        _named(step, "sent_as", "mail {}"),
    )
    return "  ".join(str(part) for part in (step["at"], number, delivery, *said) if part)


def _named(step: dict[str, Any], name: str, form: str) -> str | None:
    return form.format(step[name]) if name in step else None
