"""What surroundings change: our own addresses, mails seen before, answers only; and the edge that never raises."""

from __future__ import annotations

from collections.abc import Iterator

from consumers.inbound.reading.outcome import Outcome
from consumers.inbound.reading.read_mail import Surroundings, read_mail, without_tag
from consumers.outbound.tokens import make_token

TOKEN = make_token(bytes(32), 7, "ann@example.com", 0)


def mail(*headers: str, text: str = "ack", sender: str = "ann@example.com") -> bytes:
    lines = [f"From: {sender}", "To: qa@example.org", "Message-ID: <1@example.com>", *headers, "", text, ""]
    return "\n".join(lines).encode()


def test_a_mail_that_was_read_before_is_a_duplicate() -> None:
    seen = Surroundings(seen={"1@example.com"})

    assert read_mail(mail(), seen).outcome is Outcome.DUPLICATE
    assert read_mail(mail().replace(b"<1@", b"<2@"), seen).outcome is Outcome.COMMAND


def test_a_mail_from_an_address_of_ours_is_our_own_with_and_without_a_tag() -> None:
    ours = Surroundings(own_addresses=frozenset({"qa@example.org"}))

    assert read_mail(mail(sender="QA alerts <QA@example.org>"), ours).outcome is Outcome.OWN_MAIL
    assert read_mail(mail(sender=f"qa+{TOKEN}@example.org"), ours).outcome is Outcome.OWN_MAIL
    assert read_mail(mail(), ours).outcome is Outcome.COMMAND
    assert without_tag("a+b+c@example.org") == "a@example.org"


def test_with_answers_only_a_mail_without_a_token_is_not_for_us() -> None:
    only = Surroundings(answers_only=True)

    assert read_mail(mail(), only).outcome is Outcome.NOT_FOR_US
    assert read_mail(mail(f"In-Reply-To: <{TOKEN}@example.org>"), only).outcome is Outcome.COMMAND
    assert read_mail(mail(f"Subject: unsubscribe {TOKEN}"), only).outcome is Outcome.UNSUBSCRIBE
    assert read_mail(mail("Auto-Submitted: auto-replied"), only).outcome is Outcome.AUTO_REPLY


def test_aliases_of_the_profile_are_commands() -> None:
    german = Surroundings(aliases={"erledigt": "ack"})

    assert str(read_mail(mail(text="Erledigt."), german).command) == "ack"
    assert read_mail(mail(text="Erledigt.")).command is None


def test_a_bounce_is_a_bounce_though_it_says_that_a_machine_answered() -> None:
    notice = mail(
        "Auto-Submitted: auto-replied",
        "Subject: Automatic reply: failure notice",
        "X-Failed-Recipients: bob@example.com",
        text="bob@example.com: 550 5.1.1 user unknown",
        sender="MAILER-DAEMON@example.net",
    )

    found = read_mail(notice)

    assert found.outcome is Outcome.BOUNCE
    assert [(bounce.recipient, bounce.permanent) for bounce in found.bounces] == [("bob@example.com", True)]


def test_a_person_who_writes_through_a_list_is_no_machine_even_where_the_list_says_bulk() -> None:
    by_list = read_mail(mail("Precedence: bulk", "List-Id: <team.lists.example.com>"))

    assert by_list.outcome is Outcome.COMMAND
    assert read_mail(mail("Precedence: bulk")).outcome is Outcome.NOT_FOR_US


def test_a_person_at_postmaster_is_a_person() -> None:
    found = read_mail(mail("Subject: Re: 3 of 214 failed", text="We had a power cut.", sender="postmaster@example.com"))

    assert (found.outcome, found.text) == (Outcome.REPLY, "We had a power cut.")


def test_whatever_goes_wrong_within_a_mail_ends_as_unreadable_with_its_name() -> None:
    class Broken:
        """Surroundings that fail when they are asked."""

        def __contains__(self, item: object) -> bool:
            raise RecursionError

        def __iter__(self) -> Iterator[str]:
            raise RecursionError

    found = read_mail(mail(), Surroundings(seen=Broken()))

    assert (found.outcome, found.why) == (Outcome.UNREADABLE, "fault: RecursionError")
