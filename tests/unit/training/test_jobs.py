"""Training as jobs of a server: the queue, watching, cancel, closed tabs, crashes, full disks, the app's restart."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import models
from lib.errors import PlaygroundError
from lib.models import trained
from lib.training import limits, run_queue, run_records
from lib.training.events import Began, Ended, Point, Snapshot
from lib.training.jobs import Jobs, model_id
from lib.training.recipe import Recipe, Tuning
from lib.training.runs import Run
from tests.waiting import until

TEXT = "The cat sat on the mat. The dog ran to the red house. A bird sang in the tall tree all day long.\n" * 40
SECONDS = 180.0  # a busy machine


def recipe(steps: int, context: int = 64) -> Recipe:
    """The smallest run there is."""
    return Recipe(text="own", own=TEXT, size="0.2 M", steps=steps, batch=2, context=context)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """One app's jobs for all tests, with a process that has torch already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("OMP_NUM_THREADS", "1")  # for so small a model a second one costs more than it does
        made = Jobs()
        made.warm()
        yield made
        made.shut()


@pytest.fixture(autouse=True)
def nothing_left(jobs: Jobs) -> Iterator[None]:
    """No test leaves a run to the next one."""
    yield
    for run in jobs.runs():
        jobs.cancel(run.id)
    assert until(lambda: all(run.state == "over" for run in jobs.runs()), SECONDS)


def over(run: Run) -> Ended:
    """How it ended, once it did."""
    assert until(lambda: run.state == "over", SECONDS)
    return [event for event in run.events if isinstance(event, Ended)][-1]


def losses(run: Run, stage: str = "pretrain") -> list[tuple[int, float]]:
    """(step, loss) as they were told."""
    return [(event.step, event.loss) for event in run.events if isinstance(event, Point) and event.stage == stage]


def steps(run: Run) -> int:
    """How many were told."""
    return len(losses(run))


def further(run: Run, count: int) -> bool:
    """Whether it goes on by so many steps."""
    told = steps(run)
    return until(lambda: steps(run) > told + count, SECONDS)


def pid(jobs: Jobs) -> int:
    """The training process."""
    assert jobs.pid is not None
    return jobs.pid


@pytest.fixture(scope="module")
def plain(jobs: Jobs) -> Run:
    """A run that nothing happens to."""
    run = jobs.start(recipe(120), "ann")
    assert over(run).how == "done"
    jobs.in_use = lambda: [model_id(run.id, "pretrain-00120")]  # loaded: it stays while others come and go
    return run


def test_a_run_tells_everything_in_order_and_its_last_checkpoint_is_a_model(plain: Run) -> None:
    assert isinstance(plain.events[0], Began)
    assert [step for step, _ in losses(plain)] == list(range(1, 121))
    assert run_records.read_events(plain.id) == plain.events
    last = [event for event in plain.events if isinstance(event, Snapshot)][-1]
    found = models.where(model_id(plain.id, last.checkpoint))
    assert found is not None and found.folder == plain.folder / "pretrain-00120"


def test_one_run_at_a_time_the_others_wait_in_the_order_of_their_coming(jobs: Jobs) -> None:
    first, second, third = (jobs.start(recipe(5000), owner) for owner in ("ann", "bob", "cem"))
    assert until(lambda: steps(first) > 0, SECONDS)
    assert (second.state, second.place, third.place) == ("queued", 1, 2) and steps(second) == 0
    with pytest.raises(PlaygroundError, match="under way"):
        jobs.start(recipe(5), "bob")
    jobs.cancel(second.id)
    assert second.state == "over" and third.place == 1 and jobs.find(second.id) is None  # it never began
    jobs.cancel(first.id)
    assert over(first).how == "stopped" and until(lambda: steps(third) > 0, SECONDS)
    assert third.place == 0 and steps(first) < 5000


def test_everybody_sees_a_run_and_only_its_owner_keeps_it_a_new_tab_in_time_as_well(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_queue, "GRACE", 1.5)
    monkeypatch.setattr(run_queue, "LOOK", 0.1)
    run = jobs.start(recipe(20_000), "ann")
    assert until(lambda: steps(run) > 0, SECONDS) and jobs.find(run.id) is run and jobs.runs()[0] is run
    jobs.keep_alive(run.id, "ann", lambda: False)  # loaded again: this tab has gone
    time.sleep(0.3)
    there = True
    jobs.keep_alive(run.id, "ann", lambda: there)  # the same person in a new one
    time.sleep(2.0)
    assert run.state == "running"
    there = False
    jobs.keep_alive(run.id, "a student", lambda: True)
    assert over(run).how == "stopped" and run.trouble == run_queue.CLOSED


def test_a_stopped_run_is_gone_on_with_as_if_nothing_had_been(jobs: Jobs, plain: Run) -> None:
    run = jobs.start(recipe(120), "ann")
    assert until(lambda: steps(run) > 30, SECONDS)
    jobs.cancel(run.id)
    assert over(run).how == "stopped" and run.can_go_on and steps(run) < 120
    jobs.go_on(run.id, "ann")
    assert over(run).how == "done" and losses(run) == losses(plain) and not run.can_go_on


def test_a_killed_process_costs_nothing_and_one_that_is_killed_twice_ends_the_run_with_a_sentence(
    jobs: Jobs, plain: Run
) -> None:
    run = jobs.start(recipe(120), "ann")
    for kills in (0, 1):
        assert further(run, 20) and run.crashes == kills
        os.kill(pid(jobs), signal.SIGKILL)
    assert over(run).how == "failed" and run.trouble == run_queue.CRASHED == over(run).sentence
    jobs.go_on(run.id, "ann")
    assert over(run).how == "done" and losses(run) == losses(plain)
    assert run_records.read_events(run.id) == run.events
    assert len([event for event in run.events if isinstance(event, Began)]) == 1


def test_a_full_disk_ends_the_run_with_a_sentence_and_leaves_the_last_good_checkpoint(jobs: Jobs) -> None:
    run = jobs.start(recipe(200), "ann")
    assert until(lambda: steps(run) > 5, SECONDS)
    process, whole = pid(jobs), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (100_000, whole[1]))  # bytes: no checkpoint has room
    ended = over(run)
    resource.prlimit(process, resource.RLIMIT_FSIZE, whole)
    assert ended.how == "failed" and "disk is full" in ended.sentence
    good = trained.checkpoints(run.id)[-1]
    assert models.where(good.model_id) is not None and ended.checkpoint == good.name


def test_a_run_that_takes_too_long_is_ended(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queue, "LOOK", 0.1)
    monkeypatch.setenv("PLAYGROUND_TRAINING_MINUTES", "1")
    run = jobs.start(recipe(20_000), "ann")
    assert until(lambda: steps(run) > 0, SECONDS)
    run.began -= 60
    assert over(run).how == "stopped" and "limit of this server: 1 minute." in run.trouble


def test_a_stage_on_top_can_be_begun_anew(jobs: Jobs, plain: Run) -> None:
    with pytest.raises(PlaygroundError, match="builds on the one before"):
        jobs.tune(plain.id, "prefer", Tuning(steps=2), "ann")
    for count in (4, 3):
        jobs.tune(plain.id, "finetune", Tuning(steps=count), "ann")
        assert over(plain).how == "done" and len(losses(plain, "finetune")) == count
    assert plain.edition == 1 and steps(plain) == 120 and run_records.read_events(plain.id) == plain.events
    assert [one.name for one in trained.checkpoints(plain.id)][-1] == "finetune-00003"


def test_a_context_too_short_for_a_dialogue_is_refused(jobs: Jobs) -> None:
    run = jobs.start(recipe(1, context=16), "ann")
    assert over(run).how == "done"
    with pytest.raises(PlaygroundError, match="do not fit into a context length of 16"):
        jobs.tune(run.id, "finetune", Tuning(steps=2), "ann")


def test_after_the_apps_restart_runs_are_as_they_were(jobs: Jobs, plain: Run) -> None:
    cut = jobs.start(recipe(20_000), "ann")
    assert until(lambda: steps(cut) > 30, SECONDS)
    jobs.cancel(cut.id)
    over(cut)
    path = cut.folder / "events.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:20], "{damaged", *lines[20:-1], lines[-1][:9]]))  # the app was killed
    (plain.folder.parent / "no-run").mkdir(exist_ok=True)
    again = {run.id: run for run in Jobs().runs()}
    assert again[plain.id].events == plain.events and again[plain.id].trouble == ""
    assert again[cut.id].events == cut.events[:-1] and again[cut.id].can_go_on
    assert again[cut.id].state == "over" and "gone on with" in again[cut.id].trouble


def test_only_the_newest_runs_are_kept_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    made = [f"{n:08x}" for n in range(run_records.MAX_RUNS + 1)]
    for number, run in enumerate(made):
        run_records.Record(run, number + 1, float(number), recipe(5)).write()
    (trained.root() / "ffffffff").symlink_to(outside)
    (trained.root() / "notes").mkdir()
    mine = run_records.hold(made[2])  # another app trains it
    gone = run_records.make_room([made[0]])  # loaded
    mine.release()
    assert gone[:2] == [made[1], made[3]] and made[0] not in gone and made[2] not in gone
    assert (outside / "file").read_text() == "mine" and (trained.root() / "notes").is_dir()


def test_what_does_not_fit_or_is_turned_off_is_refused_before_it_begins(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(limits, "available_bytes", lambda: 10**6)
        with pytest.raises(PlaygroundError, match="memory"):
            jobs.start(recipe(5), "ann")
    monkeypatch.setenv("PLAYGROUND_TRAINING", "0")
    with pytest.raises(PlaygroundError, match="turned off"):
        jobs.start(recipe(5), "ann")


@pytest.mark.parametrize("run_id", ["", "../..", "00000000", "x" * 10_000, "\0"])
def test_an_id_that_means_no_run_finds_none(jobs: Jobs, run_id: str) -> None:
    assert jobs.find(run_id) is None
    jobs.cancel(run_id)
    with pytest.raises(PlaygroundError, match="not here any more"):
        jobs.go_on(run_id, "ann")


def test_the_process_steps_back_for_others(jobs: Jobs) -> None:
    assert os.getpriority(os.PRIO_PROCESS, pid(jobs)) >= 10
    assert os.sched_getscheduler(pid(jobs)) == os.SCHED_BATCH
