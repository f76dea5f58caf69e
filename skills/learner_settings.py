"""Settings of a learner, apart from it so that reading them needs no torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """Networks and PPO."""

    hidden: tuple[int, ...] = (128, 128)
    critic_hidden: tuple[int, ...] = (256, 128)
    recurrent: int = 0
    """Units of the actor's LSTM; 0 for none."""
    recurrent_layers: int = 1
    periods: int = 32
    """Control periods of a rollout."""
    epochs: int = 4
    batches: int = 4
    learning_rate: float = 5e-4
    kl: float | None = 0.02
    """Divergence that the learning rate adapts to; None keeps the rate."""
    gamma: float = 0.99
    lam: float = 0.95
    entropy: float = 0.0
    clip: float = 0.2
    std: float = 0.3
    warm_std: float = 0.2
    final_std: float = 0.1
    """Standard deviation of the actions: at the beginning from nothing and from another policy, and its bound
    at the end of the budget."""
    value: float = 1.0
