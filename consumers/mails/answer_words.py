"""Words of automatic answers: what each command does, and what each refusal means and what to do about it.

A line of them is never a command itself, however it is quoted back: the command always shares its line.
"""

from __future__ import annotations

#: What may be offered, by name: the line to answer with, and what it asks for.
OFFERS: dict[str, tuple[str, str]] = {
    "ack": ("ack", "you take the alert in hand; nobody gets its repeats"),
    "rerun failed": ("rerun failed", "the failed tests are run again"),
    "rerun": ("rerun", "the whole run is started again"),
    "mute": ("mute 2h", "no mail of this conversation to you for two hours; 1h to 366d"),
    "mute until": ("mute until 2026-12-01 09:00", "the same, until a time of day where the profile is at home"),
    "mute for others": ("mute 2h", "no mail of this conversation for two hours; 2d at most"),
    "unmute": ("unmute", "ends that"),
    "stop": ("stop", "no mail about this to you any more"),
    "start": ("start", "mail about this again"),
}

#: What was not done, by the name of its refusal: what is said of it, and what to do.
REFUSALS: dict[str, tuple[str, str]] = {
    "not_the_recipient": (
        "The mail was sent to another address than yours, and only its recipient may give commands.",
        "Answer from the address that the mail was sent to. If it came through a list, ask those who look after "
        "runmail to name you among the profile's actors.",
    ),
    "domain_not_verified": (
        "Your domain may give commands here, but nothing showed that the mail came from it (DMARC did not pass).",
        "Answer through the mail server of your domain. If you did, ask those who look after your mail about DMARC.",
    ),
    "only_for_the_recipient": (
        "You may act for the recipient of this mail, but this command is the recipient's alone.",
        "What you may ask for is listed below.",
    ),
    "mute_too_long": (
        "That is longer than mail can be muted: 366 days, and two days if you act for somebody else.",
        "Ask for a shorter time. To get no mail about this any more, the recipient can answer with “stop”.",
    ),
    "mute_in_the_past": (
        "That moment has passed already, so nothing was muted.",
        "Give a moment to come, or a span such as 2h or 2d.",
    ),
    "rerun_not_enabled": (
        "Runs cannot be started by mail here.",
        "Start the run where it is run, or ask those who look after runmail whether to allow it.",
    ),
    "rerun_not_verified": (
        "Nothing showed that the mail really came from you (DMARC did not pass), and a run is started only then.",
        "Start the run where it is run. If this comes again, ask those who look after your mail about DMARC.",
    ),
    "nothing_to_acknowledge": (
        "The mail that you answered was about no alert, so there is nothing to take in hand.",
        "To get less mail of this kind, mute it or stop it.",
    ),
    "nothing_to_rerun": (
        "The mail that you answered was about no test run, so there is nothing to start again.",
        "Answer the mail of the run that you mean.",
    ),
    "done_before": (
        "The same was asked for in answer to this mail before, and was done then.",
        "There is nothing to do. Each command counts once for a mail; answer a newer one to ask for it again.",
    ),
    "bad_duration": (
        "It was not understood for how long mail is to be muted.",
        "Give a whole number of hours or days on the first line, such as “mute 2h” or “mute 3d”: one hour to 366 days.",
    ),
    "bad_date": (
        "It was not understood until when mail is to be muted.",
        "Give a day and a time of day on the first line, such as “mute until 2026-12-01 09:00”.",
    ),
}

#: What is said of a refusal that this version has no words for.
UNNAMED = ("It was refused.", "Ask those who look after runmail.")
