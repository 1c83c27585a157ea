"""What a run has told, sorted: in order, thinned for drawing, and right after a crash or another beginning."""

from lib.training.events import Began, Ended, Event, HeldOut, Point
from lib.training.history import MAX_DRAWN, History


def point(step: int) -> Point:
    return Point("pretrain", step, 1 / step, 1e-3, 1.0, 10 * step, 0.1 * step)


BEGAN = Began("pretrain", 50, 100, 20, 30, 40, 3.0, 2.0, 1.0, 0.9, None)


def test_a_look_takes_what_is_new_and_nothing_twice() -> None:
    events: list[Event] = [BEGAN, HeldOut("pretrain", 0, 3.0), point(1)]
    told = History()
    told.read(events)
    told.read(events)
    events += [point(2), Ended("pretrain", "done", "", "pretrain-00002")]
    told.read(events)
    part = told.stage("pretrain")
    assert [one.step for one in part.points] == [1, 2] and part.began is BEGAN and part.ended is events[-1]
    assert told.newest == "pretrain" and part.rate == 100


def test_steps_that_are_told_again_after_a_crash_replace_the_old_ones() -> None:
    told = History()
    told.read([*map(point, range(1, 6)), Ended("pretrain", "failed", "Gone.", ""), point(3), point(4)])
    part = told.stage("pretrain")
    assert [one.step for one in part.points] == [1, 2, 3, 4] and part.ended is None


def test_a_list_that_was_begun_anew_is_read_from_its_start() -> None:
    told = History()
    told.read([*map(point, range(1, 6))])
    told.read([point(1)])
    assert [one.step for one in told.stage("pretrain").points] == [1]


def test_a_long_run_has_few_drawn_points_and_its_last_one() -> None:
    told = History()
    told.read([*map(point, range(1, 2002))])
    drawn = told.stage("pretrain").drawn()
    assert len(drawn) <= MAX_DRAWN + 1 and drawn[-1].step == 2001 and drawn[0].step == 1
