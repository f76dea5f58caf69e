"""Success maps: they find what is there, and say when there is nothing."""

import numpy as np
import pytest
from scipy.special import ndtr

from calibration.explained import explained, verdict
from calibration.map_check import FEWEST, Check, checked, compared
from calibration.map_picture import Mapped, averaged, picture
from calibration.rollouts import CAUSES, Rollouts, together
from calibration.space import ERROR, START, Space, error_space, start_space
from calibration.success_map import SuccessMap, belief_of, fit
from sequences.load import load
from skills.cell import Flags, Vector
from skills.tasks import insertion_of

BOX = Space(START, (-0.01,) * 2 + (0.02, -0.17, -0.17, -0.17), (0.01,) * 2 + (0.03, 0.17, 0.17, 0.17),
            (False,) * 3 + (True,) * 3)  # fmt: skip


def tilted(points: Vector) -> Vector:
    """Chance of success that falls with the tilt alone."""
    u = BOX.scaled(points)
    return np.asarray(ndtr(1.6 - 2.5 * np.hypot(u[:, 3], u[:, 4])))


def rolled(n: int, seed: int, chance: float | None = None) -> tuple[Vector, Flags]:
    rng = np.random.default_rng(seed)
    points = BOX.drawn(n, rng)
    return points, rng.random(n) < (tilted(points) if chance is None else chance)


@pytest.fixture(scope="module")
def found() -> SuccessMap:
    return fit(BOX, *rolled(400, 1), np.random.default_rng(2))


def test_a_map_finds_what_decides(found: SuccessMap) -> None:
    points = BOX.drawn(500, np.random.default_rng(3))
    belief = found.believed(points)
    assert np.corrcoef(belief.mean, tilted(points))[0, 1] > 0.85
    assert np.abs(belief.mean - tilted(points)).mean() < 0.12
    lengths = found.lengths
    assert lengths[[3, 4]].max() < lengths[[0, 1, 2, 5]].min()


def test_a_map_is_less_sure_where_it_has_seen_nothing(found: SuccessMap) -> None:
    middle = (np.array(BOX.low) + np.array(BOX.high)) / 2
    far = middle + 3.0 * (np.array(BOX.high) - middle)
    belief = found.believed(np.array([middle, far]))
    assert belief.std[1] > 1.5 * belief.std[0]


def test_the_same_seed_gives_the_same_map(found: SuccessMap) -> None:
    again = fit(BOX, *rolled(400, 1), np.random.default_rng(2))
    points = BOX.drawn(20, np.random.default_rng(3))
    assert np.array_equal(again.believed(points).mean, found.believed(points).mean)


def test_beliefs_of_a_latent_value_by_hand() -> None:
    belief = belief_of(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    assert belief.mean == pytest.approx([0.5, ndtr(1.0), 0.5], abs=1e-6)
    assert belief.std == pytest.approx([0.0, 0.0, np.sqrt(1 / 12)], abs=1e-4)  # Φ of N(0, 1) is uniform


def test_a_map_is_worth_while_only_when_it_foretells() -> None:
    rng = np.random.default_rng(4)
    tilt, flat = checked(BOX, *rolled(300, 5), rng), checked(BOX, *rolled(300, 6, 0.7), rng)
    assert tilt.worthwhile
    assert tilt.brier < tilt.brier_of_mean
    assert tilt.correlation > 0.3
    assert tilt.explained > 0.1
    assert not flat.worthwhile
    assert abs(flat.explained) < 0.05


@pytest.mark.parametrize("good", [np.ones(100, bool), np.zeros(FEWEST - 1, bool)])
def test_too_little_says_nothing(good: Flags) -> None:
    rng = np.random.default_rng(0)
    check = checked(BOX, BOX.drawn(len(good), rng), good, rng)
    assert not check.worthwhile
    assert check.explained == 0.0


def test_a_check_by_hand() -> None:
    outcome = np.array([1.0, 0.0, 1.0, 0.0])
    check = compared(np.array([0.9, 0.1, 0.9, 0.1]), np.full(4, 0.5), outcome)
    assert (check.brier, check.brier_of_mean) == (pytest.approx(0.01), 0.25)
    assert check.explained == pytest.approx(0.96)
    assert check.correlation == pytest.approx(1.0)
    assert check.as_json()["worthwhile"] is True


def rollouts(starts: Vector, errors: Vector, success: Flags) -> Rollouts:
    n = len(success)
    cause = np.where(success, 0, CAUSES.index("jam"))
    return Rollouts(starts, errors, success, cause, np.ones(n, bool), np.full(n, 9.0), np.full(n, 4.0))


def test_what_decides_is_told_apart() -> None:
    rng = np.random.default_rng(8)
    error = error_space()
    errors, starts = error.drawn(200, rng), BOX.drawn(200, rng)
    aside = np.hypot(*error.scaled(errors)[:, :2].T)
    by_error = explained(rollouts(starts, errors, rng.random(200) < ndtr(2.5 - 4 * aside)), BOX, error, rng)
    assert by_error["error"].worthwhile
    assert not by_error["start"].worthwhile
    assert "better calibration would help" in verdict(by_error)


@pytest.mark.parametrize(
    ("start", "error", "said"),
    [
        (0.2, 0.1, "better starts help"),
        (0.1, 0.2, "a better estimate helps more"),
        (-0.1, 0.2, "a better calibration would help"),
        (-0.1, -0.1, "neither"),
    ],
)
def test_what_it_means_in_a_sentence(start: float, error: float, said: str) -> None:
    shares = {"start": start, "error": error}
    found = {name: Check(100, 0.1, 0.2, 0.5, share, share) for name, share in shares.items()}
    assert said in verdict(found)


def test_rollouts_go_to_bytes_and_back() -> None:
    one = rollouts(BOX.drawn(3, np.random.default_rng(0)), np.zeros((3, 4)), np.array([True, False, True]))
    back = Rollouts.from_bytes(together([one, one]).as_bytes())
    assert len(back) == 6
    assert back.causes.tolist() == ["", "jam", ""] * 2
    assert np.array_equal(back.where(back.success).starts[:2], one.starts[[0, 2]])


def test_a_space_is_scaled_and_joined() -> None:
    product = load("valve_manifold")
    insertion = insertion_of(product, product.step_of("outlet"))
    start = start_space(insertion)
    both = start.joined(error_space())
    assert both.names == (*START, *ERROR)
    assert np.allclose(both.scaled(np.array([both.low, both.high])), [[-1] * 10, [1] * 10])
    assert start.low[2] == pytest.approx(insertion.depth_m + 0.005)
    assert both.shown(2) == ("z [mm]", 0.001)
    assert both.within(np.array([both.low, 1.2 * np.array(both.high)]), 0.01).tolist() == [True, False]


def test_a_picture_shows_before_and_after(found: SuccessMap) -> None:
    points, success = rolled(60, 1)
    check = checked(BOX, points, success, np.random.default_rng(0))
    mapped = Mapped("before", found, check, rollouts(points, np.zeros((60, 4)), success))
    one, two = picture("motor/rotor", [mapped]), picture("motor/rotor", [mapped, mapped], "it tilts")
    assert one.startswith(b"\x89PNG")
    assert int.from_bytes(two[20:24]) > 1.8 * int.from_bytes(one[20:24])  # twice as high
    seen = averaged(found, (3, 4), grid=9).mean.reshape(9, 9)
    assert seen[4, 4] > seen[0, 0] + 0.3
