"""`keys rotate` takes the secrets of webhooks along: an old key that may go costs no signature."""

from __future__ import annotations

from profiles.authors import PROGRAM
from profiles.profile import Profile, Security, SmtpSettings
from profiles.resealing import key_use, reseal
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from profiles.webhooks import WebhookStore
from worker.ground import Ground

OLD, NEW = bytes(32), bytes(range(32))


def test_every_secret_is_sealed_anew_and_opens_without_the_old_key(ground: Ground) -> None:
    before = ProfileStore(ground.engine, Keyring({"k1": OLD}))
    smtp = SmtpSettings("localhost", 25, Security.NONE)
    before.add(Profile(id=0, name="QA alerts", from_address="qa@example.com", smtp=smtp))
    made = WebhookStore(before).add("QA alerts", "https://ci.example.com/", by=PROGRAM)
    rotated = WebhookStore(before).rotate(made.webhook.id, by=PROGRAM)

    both = ProfileStore(ground.engine, Keyring({"k2": NEW, "k1": OLD}))
    waiting = key_use(both).waiting
    (done,) = reseal(both, PROGRAM)
    after = ProfileStore(ground.engine, Keyring({"k2": NEW}))

    assert (waiting, done.profile, done.services, done.unreadable) == (2, "QA alerts", ("webhook 1", "webhook 1"), ())
    assert key_use(both).unused == ("k1",)
    assert WebhookStore(after).secrets(made.webhook) == [rotated.secret, made.secret]
    assert [entry.action for entry in after.history("QA alerts")][-1] == "keys rotate"
