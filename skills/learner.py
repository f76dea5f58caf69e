"""PPO for insertion policies, on rsl-rl: the actor sees what a robot sees, the critic sees the truth.

The learner owns networks and optimizer and nothing else: who steps the worlds hands it rows and gets rows.
One torch thread; a checkpoint is a safetensors file, so that nothing is unpickled to go on.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rsl_rl.algorithms import PPO
from rsl_rl.models import MLPModel, RNNModel
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict

from skills.cell import Flags, Vector
from skills.learner_settings import LearnerSettings

Tensors = dict[str, NDArray[Any]]
FASTEST = 1e-3
"""Bound of the adaptive learning rate; a policy that starts near its mean tempts it far beyond."""


class Learner:
    """One actor and critic in training, for ``n`` worlds."""

    def __init__(
        self, n: int, observation: int, privileged: int, actions: int, settings: LearnerSettings, seed: int
    ) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.settings, self.n = settings, n
        sample = _rows(np.zeros((n, observation)), np.zeros((n, privileged)))
        groups = {"actor": ["seen"], "critic": ["seen", "true"]}
        gaussian = {"class_name": "GaussianDistribution", "init_std": settings.std, "std_type": "scalar"}
        common = {"activation": "elu", "obs_normalization": True}
        if settings.recurrent:
            actor: MLPModel = RNNModel(
                sample, groups, "actor", actions, hidden_dims=settings.hidden, distribution_cfg=gaussian,
                rnn_type="lstm", rnn_hidden_dim=settings.recurrent,
                rnn_num_layers=settings.recurrent_layers, **common,
            )  # fmt: skip
        else:
            actor = MLPModel(
                sample, groups, "actor", actions, hidden_dims=settings.hidden, distribution_cfg=gaussian,
                **common,
            )  # fmt: skip
        critic = MLPModel(sample, groups, "critic", 1, hidden_dims=settings.critic_hidden, **common)
        _quiet_start(actor)
        storage = RolloutStorage("rl", n, settings.periods, sample, [actions], "cpu")
        self.algorithm = PPO(
            actor, critic, storage,
            num_learning_epochs=settings.epochs, num_mini_batches=settings.batches,
            clip_param=settings.clip, gamma=settings.gamma, lam=settings.lam,
            value_loss_coef=settings.value, entropy_coef=settings.entropy,
            learning_rate=settings.learning_rate,
            schedule="fixed" if settings.kl is None else "adaptive", desired_kl=settings.kl or 0.01,
        )  # fmt: skip
        self.algorithm.train_mode()

    @torch.inference_mode()
    def act(self, seen: Vector, true: Vector) -> Vector:
        """(n, actions) sampled actions for observations ``seen`` (n, k) and privileged ``true`` (n, m)."""
        return np.asarray(self.algorithm.act(_rows(seen, true)).numpy(), dtype=np.float64)

    @torch.inference_mode()
    def learn_from(self, seen: Vector, true: Vector, reward: Vector, done: Flags, late: Flags) -> None:
        """What became of the last actions: the next rows, reward (n,), end of episode (n,), and whether the
        end (n,) was only that the time was up."""
        self.algorithm.process_env_step(
            _rows(seen, true),
            torch.as_tensor(reward, dtype=torch.float32),
            torch.as_tensor(done),
            {"time_outs": torch.as_tensor(late, dtype=torch.float32)},
        )

    def update(self, seen: Vector, true: Vector) -> dict[str, float]:
        """Learn from the rollout, of which these rows are the last; losses by name."""
        with torch.inference_mode():
            self.algorithm.compute_returns(_rows(seen, true))
        losses = dict(self.algorithm.update())
        self.algorithm.learning_rate = min(self.algorithm.learning_rate, FASTEST)
        losses["std"] = float(self.algorithm.actor.output_std.detach().mean())
        losses["learning_rate"] = float(self.algorithm.learning_rate)
        return losses

    def limit_std(self, share: float) -> None:
        """Bound the exploration ``share`` of the way through a training, so that in the end the mean, which
        is what is shipped, is what was practised."""
        bound = self.settings.std + share * (self.settings.final_std - self.settings.std)
        with torch.no_grad():
            self.algorithm.actor.distribution.std_param.clamp_(max=bound)

    # -- on disk --------------------------------------------------------------------------------------

    def policy(self) -> Tensors:
        """The actor's tensors, by name, as :mod:`skills.network` reads them."""
        return _arrays(self.algorithm.actor.state_dict())

    def load_policy(self, tensors: Mapping[str, NDArray[Any]], std: float | None = None) -> None:
        """Start from another actor's tensors; ``std`` renews the exploration."""
        state = {name: torch.as_tensor(np.array(value)) for name, value in tensors.items()}
        self.algorithm.actor.load_state_dict(state)
        if std is not None:
            with torch.no_grad():
                self.algorithm.actor.distribution.std_param.fill_(std)

    def checkpoint(self) -> Tensors:
        """All that learning goes on from."""
        algorithm, tensors = self.algorithm, Tensors()
        tensors |= {f"actor/{k}": v for k, v in _arrays(algorithm.actor.state_dict()).items()}
        tensors |= {f"critic/{k}": v for k, v in _arrays(algorithm.critic.state_dict()).items()}
        for index, entry in algorithm.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{index}/{k}": np.asarray(v).copy() for k, v in entry.items()}
        tensors["learning_rate"] = np.array([algorithm.learning_rate])
        tensors["random"] = torch.get_rng_state().numpy()
        return tensors

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint. Raises KeyError or RuntimeError when it is of another learner."""
        algorithm = self.algorithm
        for name, module in (("actor", algorithm.actor), ("critic", algorithm.critic)):
            state = {
                k.removeprefix(f"{name}/"): _tensor(v) for k, v in tensors.items() if k.startswith(f"{name}/")
            }
            module.load_state_dict(state)
        optimizer = algorithm.optimizer.state_dict()
        optimizer["state"] = {}
        for key, value in tensors.items():
            if key.startswith("optimizer/"):
                _, index, name = key.split("/")
                optimizer["state"].setdefault(int(index), {})[name] = _tensor(value)
        algorithm.optimizer.load_state_dict(optimizer)
        algorithm.learning_rate = float(tensors["learning_rate"][0])
        for group in algorithm.optimizer.param_groups:
            group["lr"] = algorithm.learning_rate
        torch.set_rng_state(torch.as_tensor(np.array(tensors["random"])))


def _quiet_start(actor: MLPModel) -> None:
    """Let the untrained actor's mean be almost zero, so that learning starts from the scripted lead."""
    last = [module for module in actor.mlp.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.weight.mul_(0.01)
        last.bias.zero_()


def _rows(seen: Vector, true: Vector) -> TensorDict:
    return TensorDict(
        {
            "seen": torch.as_tensor(seen, dtype=torch.float32),
            "true": torch.as_tensor(true, dtype=torch.float32),
        },
        batch_size=[len(seen)],
    )


def _arrays(state: Mapping[str, torch.Tensor]) -> Tensors:
    return {name: value.detach().numpy().copy() for name, value in state.items()}


def _tensor(value: NDArray[Any]) -> torch.Tensor:
    return torch.as_tensor(np.array(value))
