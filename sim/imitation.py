"""AutoMate's imitation term: how much the last motion looks like a disassembly, played backwards.

After its release in Isaac Lab (``get_imitation_reward_from_dtw``) and the paper, Tang et al., RSS 2024,
section IV. In a path index 0 is the assembled end.
"""

import numpy as np
from scipy.spatial import cKDTree

from skills.cell import Indices, Vector

WINDOW = 10
"""Control periods that are compared with a path."""
GAMMA = 0.01
"""Softness of the minimum in soft-DTW [m²]."""


class Imitation:
    """Compares ``n`` worlds with the disassembly paths (p, length, 3), TCP positions in the goal's frame [m].

    The term is (1 - tanh(soft-DTW)) (1 - k / length), where k is the sample nearest to the window's oldest
    point. With positions in metres and ``GAMMA`` as released the soft minimum's entropy outweighs distance:
    soft-DTW hardly changes from 0 to 20 mm aside (-0.029 to -0.025), the first factor stays between 1.03 and
    1.025, and nearly all of the shaping comes from (1 - k / length), which grows towards the goal.
    """

    def __init__(self, paths: Vector, n: int) -> None:
        self._paths, self._length = paths, paths.shape[1]
        self._tree = cKDTree(paths.reshape(-1, 3))
        self._window = np.zeros((n, WINDOW, 3))

    def begin(self, rows: Indices, tcp: Vector) -> None:
        """Start the episodes ``rows`` (k,) at TCP positions ``tcp`` (k, 3) in the goal's frame [m]."""
        self._window[rows] = tcp[:, None]

    def __call__(self, tcp: Vector) -> Vector:
        """(n,) the term after the TCPs have moved to ``tcp`` (n, 3)."""
        self._window = np.concatenate([self._window[:, 1:], tcp[:, None]], axis=1)
        _, nearest = self._tree.query(self._window[:, 0])
        path, first = np.divmod(nearest, self._length)
        paths = self._paths[path]
        apart = np.linalg.norm(paths - tcp[:, None], axis=2)
        apart[np.arange(self._length) < first[:, None]] = np.inf
        count = np.argmin(apart, axis=1) - first
        index = first[:, None] + np.minimum(np.arange(max(int(count.max()), 2)), count[:, None])
        reference = np.take_along_axis(paths, index[..., None], axis=1)
        return np.asarray(
            (1.0 - np.tanh(soft_dtw(self._window, reference, np.where(count > 0, count, 2))))
            * (1.0 - first / self._length)
        )


def soft_dtw(first: Vector, second: Vector, lengths: Indices, gamma: float = GAMMA) -> Vector:
    """(n,) soft-DTW (Cuturi and Blondel 2017, eq. 1) of ``first`` (n, w, 3) and the first ``lengths`` (n,) of
    ``second`` (n, m, 3), under squared distances; goes along the antidiagonals, all rows at once."""
    n, w, m = len(first), first.shape[1], second.shape[1]
    cost = np.sum((first[:, :, None] - second[:, None]) ** 2, axis=3)
    total = np.full((n, w + 1, m + 1), np.inf)
    total[:, 0, 0] = 0.0
    for diagonal in range(2, w + m + 1):
        i = np.arange(max(1, diagonal - m), min(w, diagonal - 1) + 1)
        j = diagonal - i
        before = np.stack([total[:, i - 1, j - 1], total[:, i - 1, j], total[:, i, j - 1]])
        least = before.min(axis=0)
        soft = np.log(np.exp((least - before) / gamma).sum(axis=0))
        total[:, i, j] = cost[:, i - 1, j - 1] + least - gamma * soft
    return np.asarray(total[np.arange(n), w, lengths])
