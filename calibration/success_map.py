"""Where a skill succeeds: a Gaussian process over the numbers that an episode begins with.

Outcomes are binary and are treated as such: success ~ Bernoulli(Φ(f)), f a Gaussian process with a Matérn 5/2
kernel, a length scale for every number and a fitted scale; inference is variational with inducing points
(Hensman, Matthews & Ghahramani 2015). Inputs are scaled to their box. After Algorithm 1 of arXiv 2510.11019,
whose code fits raw 0/1 labels in metres with a kernel of fixed length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import gpytorch
import numpy as np
import torch
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import MaternKernel, ScaleKernel
from gpytorch.likelihoods import BernoulliLikelihood
from gpytorch.means import ConstantMean
from gpytorch.mlls import VariationalELBO
from gpytorch.models import ApproximateGP
from gpytorch.priors import GammaPrior, LogNormalPrior
from gpytorch.variational import NaturalVariationalDistribution, VariationalStrategy
from scipy.special import ndtr

from calibration.space import Space
from skills.cell import Flags, Vector

INDUCING = 96
ITERATIONS = 120
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Belief:
    """What a map believes of ``n`` points."""

    mean: Vector
    """(n,) probability of success."""
    std: Vector
    """(n,) standard deviation of that probability: what more rollouts would take away."""


class _Latent(ApproximateGP):  # type: ignore[misc]
    def __init__(self, inducing: torch.Tensor) -> None:
        distribution = NaturalVariationalDistribution(len(inducing), mean_init_std=0.0)
        super().__init__(VariationalStrategy(self, inducing, distribution, learn_inducing_locations=False))
        size = inducing.shape[1]
        self.mean = ConstantMean()
        lengths = LogNormalPrior(0.7 + 0.5 * float(np.log(size)), 1.0)
        self.kernel = ScaleKernel(
            MaternKernel(nu=2.5, ard_num_dims=size, lengthscale_prior=lengths),
            outputscale_prior=GammaPrior(1.0, 1.0),
        )
        self.kernel.base_kernel.lengthscale = 1.5
        self.kernel.outputscale = 0.5

    def forward(self, points: torch.Tensor) -> MultivariateNormal:
        return MultivariateNormal(self.mean(points), self.kernel(points))


class SuccessMap:
    """The fitted process. Make one with :func:`fit`."""

    def __init__(self, space: Space, latent: _Latent) -> None:
        self.space, self._latent = space, latent.eval()

    @property
    def lengths(self) -> Vector:
        """(d,) fitted length scales, in halves of the box: the smaller, the more that number matters."""
        kernel = self._latent.kernel.base_kernel
        return np.asarray(kernel.lengthscale.detach().numpy().reshape(-1), dtype=np.float64)

    def believed(self, points: Vector) -> Belief:
        """What it believes of ``points`` (n, d)."""
        with _predicting():
            latent = self._latent(self._rows(points))
            return belief_of(latent.mean.numpy(), latent.variance.numpy())

    def joint(self, points: Vector) -> tuple[Vector, Vector]:
        """Mean (n,) and covariance (n, n) of the latent process at ``points`` (n, d)."""
        with _predicting():
            latent = self._latent(self._rows(points))
            return latent.mean.numpy(), latent.covariance_matrix.numpy()

    def _rows(self, points: Vector) -> torch.Tensor:
        return torch.as_tensor(self.space.scaled(points), dtype=torch.float64)


def belief_of(mean: Vector, variance: Vector) -> Belief:
    """What a latent value with ``mean`` (n,) and ``variance`` (n,) says of the probability Φ(f)."""
    spread = np.sqrt(np.maximum(variance, 1e-12))
    chances = ndtr(mean[:, None] + spread[:, None] * _NODES)
    first = chances @ _WEIGHTS
    return Belief(first, np.sqrt(np.maximum((chances - first[:, None]) ** 2 @ _WEIGHTS, 0.0)))


def fit(
    space: Space, points: Vector, success: Flags, rng: np.random.Generator, iterations: int = ITERATIONS
) -> SuccessMap:
    """The map of ``success`` (n,) at ``points`` (n, d)."""
    rows = torch.as_tensor(space.scaled(points), dtype=torch.float64)
    outcomes = torch.as_tensor(np.asarray(success, dtype=np.float64))
    chosen = rng.permutation(len(rows))[:INDUCING]
    with _fitting():
        latent = _Latent(rows[chosen].clone()).double()
        likelihood = BernoulliLikelihood()
        aim = VariationalELBO(likelihood, latent, num_data=len(rows))
        steps = gpytorch.optim.NGD(latent.variational_parameters(), num_data=len(rows), lr=0.2)
        kernels = torch.optim.Adam(latent.hyperparameters(), lr=0.08)
        latent.train()
        for _ in range(iterations):
            steps.zero_grad()
            kernels.zero_grad()
            loss = -aim(latent(rows), outcomes)
            loss.backward()
            steps.step()
            kernels.step()
    return SuccessMap(space, latent)


@contextmanager
def _fitting() -> Iterator[None]:
    """Exact algebra: the matrices are small."""
    with gpytorch.settings.fast_computations(False, False, False), gpytorch.settings.cholesky_jitter(
        double_value=1e-6
    ):  # fmt: skip
        yield


@contextmanager
def _predicting() -> Iterator[None]:
    with torch.no_grad(), _fitting():
        yield
