"""Scores against values worked out by hand, and the properties that make them fair."""

import math
import random

import pytest

from lib.classroom.scoring import AnswerError, brier, calibration, checked_points, mean_points, surprise, won


@pytest.mark.parametrize(("probability", "bits"), [(1.0, 0.0), (0.5, 1.0), (0.25, 2.0), (0.01, 6.643856)])
def test_the_log_score_is_minus_log2(probability, bits) -> None:
    assert surprise(probability) == pytest.approx(bits, abs=1e-6)


def test_brier_of_three_options_by_hand() -> None:
    # (0.6 - 1)² + 0.3² + 0.1² = 0.16 + 0.09 + 0.01
    assert brier((0.6, 0.3, 0.1), 0) == pytest.approx(0.26)
    assert brier((0.0, 1.0), 0) == 2 and brier((1.0, 0.0), 0) == 0


def test_even_points_win_nothing_and_a_sure_miss_loses_most() -> None:
    assert won((25, 25, 25, 25), 3) == 0
    assert won((97, 1, 1, 1), 0) == pytest.approx(2 + math.log2(0.97))
    assert won((97, 1, 1, 1), 1) == pytest.approx(2 + math.log2(0.01))


def test_nobody_expects_more_than_by_stating_what_they_believe() -> None:
    """Proper: over all ways to spread 100 points in steps, the expected gain is largest at the truth."""
    truth = (60, 30, 10)
    spreads = [(a, b, 100 - a - b) for a in range(1, 99) for b in range(1, 100 - a)]
    best = max(spreads, key=lambda points: sum(t * won(points, i) for i, t in enumerate(truth)))
    assert best == truth
    best = min(spreads, key=lambda points: sum(t * brier([p / 100 for p in points], i) for i, t in enumerate(truth)))
    assert best == truth


def test_the_class_as_one_is_never_worse_than_its_students_on_average() -> None:
    rng = random.Random(3)
    for _ in range(200):
        answers = []
        for _ in range(rng.randint(1, 8)):
            cuts = sorted(rng.sample(range(1, 100), 3))
            answers.append((cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 100 - cuts[2]))
        mean = mean_points(answers)
        assert sum(mean) == pytest.approx(1)
        for option in range(4):
            average = sum(surprise(points[option] / 100) for points in answers) / len(answers)
            assert surprise(mean[option]) <= average + 1e-12


def test_calibration_by_hand() -> None:
    """Two answers: 70/20/10 and the first came; 40/40/20 and the last came."""
    found = calibration([((70, 20, 10), 0), ((40, 40, 20), 2)])
    assert found.count == 6
    assert [(one.low, one.high, one.count) for one in found.bins] == [(0, 0.2, 3), (0.2, 0.4, 2), (0.6, 0.8, 1)]
    assert [one.stated for one in found.bins] == pytest.approx([0.5 / 3, 0.4, 0.7])
    assert [one.came for one in found.bins] == pytest.approx([1 / 3, 0, 1])
    # (3 |0.1667 - 0.3333| + 2 |0.4 - 0| + 1 |0.7 - 1|) / 6 = (0.5 + 0.8 + 0.3) / 6
    assert found.error == pytest.approx(1.6 / 6)


def test_statements_at_a_bins_edge_belong_to_the_lower_bin() -> None:
    found = calibration([((20, 21, 59), 0), ((80, 19, 1), 0), ((81, 18, 1), 0)])
    assert {(one.high, one.count) for one in found.bins} == {(0.2, 5), (0.4, 1), (0.6, 1), (0.8, 1), (1.0, 1)}


def test_no_answer_no_calibration() -> None:
    assert calibration([]).bins == () and calibration([]).error == 0


@pytest.mark.parametrize(
    "points",
    [
        None,
        "60,40",
        {},
        [60],
        [60, 41],
        [100, 0],
        [101, -1],
        [50.0, 50.0],
        [True, 99],
        ["60", "40"],
        [60, 39, 1],
        [math.nan, 1],
    ],
)
def test_points_that_do_not_fit_are_turned_down(points) -> None:
    with pytest.raises(AnswerError):
        checked_points(points, 2)
