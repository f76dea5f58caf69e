"""The learner, and that the networks run without torch as torch runs them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tensordict import TensorDict

from skills.learner import Learner, Tensors
from skills.learner_settings import LearnerSettings
from skills.network import Network, NetworkError

SEEN, TRUE, ACTIONS, WORLDS = 7, 3, 2, 4
SMALL = LearnerSettings(hidden=(9, 8), critic_hidden=(8,), periods=4, epochs=2, batches=2)
RECURRENT = replace(SMALL, recurrent=6, recurrent_layers=2)


def learner_of(settings: LearnerSettings, seed: int = 0) -> Learner:
    return Learner(WORLDS, SEEN, TRUE, ACTIONS, settings, seed)


def stirred(learner: Learner) -> Any:
    """The actor, with weights and normalization that are nowhere near zero or one."""
    actor = learner.algorithm.actor
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.copy_(torch.empty_like(parameter).uniform_(-0.6, 0.6, generator=generator))
    rows = 3.0 * torch.randn(64, SEEN, generator=generator) + 1.5
    actor.update_normalization(TensorDict({"seen": rows}, batch_size=[64]))
    return actor.eval()


@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["mlp", "lstm"])
def test_the_network_is_torchs(settings: LearnerSettings) -> None:
    learner = learner_of(settings)
    actor = stirred(learner)
    network = Network(learner.policy(), WORLDS)
    assert (network.inputs, network.outputs) == (SEEN, ACTIONS)
    rng = np.random.default_rng(1)
    for period in range(6):
        seen = rng.normal(1.5, 3.0, (WORLDS, SEEN))
        if period == 3 and settings.recurrent:
            network.reset(np.array([1, 2]))
            with torch.inference_mode():
                actor.reset(torch.tensor([0, 1, 1, 0]))
        rows = TensorDict({"seen": torch.as_tensor(seen, dtype=torch.float32)}, batch_size=[WORLDS])
        with torch.inference_mode():
            expected = actor(rows).numpy()
        assert network(seen) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (SMALL, "obs_normalizer._mean"),
        (SMALL, "obs_normalizer._std"),
        (SMALL, "mlp.0.bias"),
        (RECURRENT, "rnn.rnn.weight_hh_l1"),
        (RECURRENT, "rnn.rnn.bias_ih_l0"),
    ],
)
def test_a_missing_tensor_is_named(settings: LearnerSettings, missing: str) -> None:
    tensors = learner_of(settings).policy()
    del tensors[missing]
    with pytest.raises(NetworkError, match=missing):
        Network(tensors, 1)


def test_tensors_that_make_no_network_are_refused() -> None:
    tensors = learner_of(SMALL).policy()
    with pytest.raises(NetworkError, match="no layers"):
        Network({name: value for name, value in tensors.items() if not name.startswith("mlp")}, 1)
    three = np.ones((1, 3), np.float32)
    short = {**tensors, "obs_normalizer._mean": three, "obs_normalizer._std": three}
    with pytest.raises(NetworkError, match=f"normalizes 3 numbers and takes in {SEEN}"):
        Network(short, 1)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("mlp.2.weight", (8, 5)), ("mlp.0.bias", (4,)), ("obs_normalizer._std", (1, 2)), ("mlp.2.weight", (8,))],
)
def test_tensors_of_another_shape_are_named(name: str, shape: tuple[int, ...]) -> None:
    tensors = {**learner_of(SMALL).policy(), name: np.zeros(shape, np.float32)}
    with pytest.raises(NetworkError, match=name):
        Network(tensors, 1)


def practised(learner: Learner, seed: int) -> dict[str, float]:
    """One rollout of made-up experience, in which the first action is worth being large, and an update."""
    rng = np.random.default_rng(seed)
    seen, true = rng.standard_normal((WORLDS, SEEN)), rng.standard_normal((WORLDS, TRUE))
    for _ in range(learner.settings.periods):
        action = learner.act(seen, true)
        seen, true = rng.standard_normal((WORLDS, SEEN)), rng.standard_normal((WORLDS, TRUE))
        done = rng.random(WORLDS) < 0.2
        learner.learn_from(seen, true, action[:, 0], done, done & (rng.random(WORLDS) < 0.5))
    return learner.update(seen, true)


def same(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["mlp", "lstm"])
def test_a_restored_learner_makes_the_same_next_update(settings: LearnerSettings) -> None:
    learner = learner_of(settings)
    for seed in range(2):
        practised(learner, seed)
    kept = learner.checkpoint()
    losses = practised(learner, 7)
    again = learner_of(settings, seed=99)
    assert not same(again.policy(), learner.policy())
    again.restore(kept)
    assert practised(again, 7) == losses
    assert same(again.policy(), learner.policy())


def test_a_checkpoint_of_another_learner_does_not_fit() -> None:
    other = learner_of(replace(SMALL, hidden=(5,)))
    with pytest.raises(RuntimeError, match=r"size mismatch|Missing key"):
        learner_of(SMALL).restore(other.checkpoint())
    kept = learner_of(SMALL).checkpoint()
    del kept["learning_rate"]
    with pytest.raises(KeyError, match="learning_rate"):
        learner_of(SMALL).restore(kept)


def test_it_learns_what_is_rewarded() -> None:
    learner = learner_of(replace(SMALL, periods=16, learning_rate=3e-3, kl=None))
    rows = np.zeros((WORLDS, SEEN))
    before = Network(learner.policy(), WORLDS)(rows)[:, 0].mean()
    for seed in range(12):
        practised(learner, seed)
    after = Network(learner.policy(), WORLDS)(rows)[:, 0].mean()
    assert after > before + 0.05


def test_an_untrained_policy_asks_for_almost_nothing() -> None:
    seen = np.random.default_rng(0).standard_normal((WORLDS, SEEN))
    assert np.abs(Network(learner_of(SMALL).policy(), WORLDS)(seen)).max() < 0.05


def test_exploration_is_bounded_towards_the_end() -> None:
    learner = learner_of(SMALL)
    spread = learner.algorithm.actor.distribution.std_param
    assert spread.detach().numpy() == pytest.approx(SMALL.std)
    learner.limit_std(0.5)
    assert spread.detach().numpy() == pytest.approx((SMALL.std + SMALL.final_std) / 2)
    learner.limit_std(1.0)
    assert spread.detach().numpy() == pytest.approx(SMALL.final_std)


def test_a_policy_starts_from_anothers_tensors() -> None:
    learner, other = learner_of(SMALL), learner_of(SMALL, seed=4)
    other.load_policy(learner.policy(), std=0.07)
    changed = {
        name for name, value in other.policy().items() if not np.array_equal(value, learner.policy()[name])
    }
    assert changed == {"distribution.std_param"}
