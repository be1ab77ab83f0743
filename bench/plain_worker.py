"""The worker one would write first: an actor, an ORM row, a template, EmailMessage and smtplib.

It promises nothing that runmail promises; it is what runmail's cost is compared with.
"""

from __future__ import annotations

import os
import smtplib
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import dramatiq
import jinja2
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker
from sqlalchemy import create_engine, event, select
from sqlmodel import Field, Session, SQLModel

BROKER = os.environ["BENCH_BROKER"]
PORT = int(os.environ["BENCH_PORT"])
broker = RedisBroker(url=BROKER, namespace="plain")
engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"timeout": 20})


@event.listens_for(engine, "connect")
def set_up(connection: Any, record: Any) -> None:
    """Use the same settings as runmail."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


class Sent(SQLModel, table=True):
    """One mail."""

    id: int | None = Field(default=None, primary_key=True)
    event_id: str = Field(index=True)
    recipient: str
    state: str
    answer: str | None = None


SQLModel.metadata.create_all(engine)
PAGE = """<html><body><h1>{{ d.suite }}: {{ d.outcome }}</h1><p>{{ d.counts.failed }} of {{ d.counts.total }}</p>
{% for f in d.failures %}<h3>{{ f.name }}</h3><p>{{ f.message }}</p><pre>{{ f.trace }}</pre>{% endfor %}
</body></html>"""
TEXT = """{{ d.suite }}: {{ d.outcome }}
{% for f in d.failures %}{{ f.name }}
{{ f.message }}
{{ f.trace }}
{% endfor %}"""
environment = jinja2.Environment(autoescape=True)
page, text = environment.from_string(PAGE), jinja2.Environment().from_string(TEXT)


@dramatiq.actor(broker=broker, queue_name="plain")
def send(published: dict[str, Any]) -> None:
    """Send the mails of one event."""
    data = published["data"]
    for recipient in data["recipients"]:
        with Session(engine) as session:
            if session.exec(select(Sent).where(Sent.event_id == published["id"], Sent.recipient == recipient)).first():
                continue
            row = Sent(event_id=published["id"], recipient=recipient, state="sending")
            session.add(row)
            session.commit()
            message = EmailMessage()
            message["From"] = "qa@example.com"
            message["To"] = recipient
            message["Subject"] = f"{data['suite']}: {data['outcome']}"
            message["Date"] = format_datetime(datetime.now(UTC))
            message["Message-ID"] = make_msgid(domain="example.com")
            message["X-Runmail-Event"] = published["id"]
            message.set_content(text.render(d=data))
            message.add_alternative(page.render(d=data), subtype="html")
            with smtplib.SMTP("127.0.0.1", PORT) as server:
                server.send_message(message)
            row.state, row.answer = "sent", "250"
            session.add(row)
            session.commit()


if __name__ == "__main__":
    worker = Worker(broker, worker_threads=int(sys.argv[1]))
    worker.start()
    while True:
        time.sleep(1)
