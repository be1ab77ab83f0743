"""What died is started again at once when it lived long, and later and later when it dies young."""

from __future__ import annotations

from worker.restart_pause import MOST_RESTART_SECONDS, RESTART_SECONDS, YOUNG_SECONDS, RestartPause


def die_at_once(pause: RestartPause, now: float) -> float:
    """Let it die at its start; return how long it pauses, in steps of the first pause."""
    pause.note_start(now)
    pause.note_end(now)
    steps = next(steps for steps in range(1000) if pause.is_over(now + steps * RESTART_SECONDS))
    return steps * RESTART_SECONDS


def test_nothing_is_waited_for_before_the_first_start() -> None:
    assert RestartPause().is_over(0)


def test_each_young_death_doubles_the_pause_up_to_the_most() -> None:
    pause = RestartPause()

    assert [die_at_once(pause, 1000 * n) for n in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, MOST_RESTART_SECONDS]


def test_a_long_life_makes_the_pause_short_again() -> None:
    pause = RestartPause()
    for number in range(5):
        die_at_once(pause, 1000 * number)
    pause.note_start(10_000)
    pause.note_end(10_000 + YOUNG_SECONDS)

    assert not pause.is_over(10_000 + YOUNG_SECONDS)
    assert pause.is_over(10_000 + YOUNG_SECONDS + RESTART_SECONDS)
