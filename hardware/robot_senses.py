"""What a simulated FR3 measures: its joints exactly, and an estimate of what acts on it from outside."""

import numpy as np

from hardware.reflexes import TICK_S, Measured
from hardware.wire import StateRecord, column_major
from sim.live import LiveWorld

FILTER_S = 0.005
"""Time constant of the estimate of what acts on the arm from outside [s]."""
NOISE_S = 0.02
"""Time over which the noise of the estimate is correlated [s]."""
EE_MASS_KG, EE_COM, EE_INERTIA = 0.73, (-0.01, 0.0, 0.03), (0.001, 0, 0, 0, 0.0025, 0, 0, 0, 0.0017)
HAND_ANGLE, HAND_LENGTH_M = -np.pi / 4, 0.1034


class Senses:
    """The estimate of what acts from outside: filtered truth, bias and noise."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world
        self._rng = np.random.default_rng(world.rng.integers(2**32))
        self._scale = np.repeat([world.noise.force_std_n, world.noise.torque_std_nm], 3)
        self._noise, self._filtered = np.zeros(6), np.zeros(6)

    def measured(self) -> Measured:
        """This millisecond, without noise: what the reflexes go by."""
        world, share = self._world, TICK_S / NOISE_S
        self._noise += -share * self._noise
        self._noise += np.sqrt(2 * share) * self._scale * self._rng.standard_normal(6)
        self._filtered += TICK_S / FILTER_S * (world.wrench - self._filtered)
        jacobian = world.jacobian
        return Measured(world.q, world.dq, jacobian, self._filtered.copy(), jacobian.T @ self._filtered)

    def write(self, record: StateRecord, now: Measured, tcp: np.ndarray) -> None:
        """What was measured, as the robot reports it: what the robot does to the outside is positive."""
        felt = now.wrench + self._world.bias + self._noise
        q = now.q
        record["q"], record["dq"], record["theta"], record["dtheta"] = q, now.dq, q, now.dq
        record["O_T_EE"] = column_major(tcp)
        record["elbow"] = record["elbow_d"] = record["elbow_c"] = np.array([q[2], np.copysign(1.0, q[3])])
        record["tau_ext_hat_filtered"], record["O_F_ext_hat_K"] = -(now.jacobian.T @ felt), -felt


def new_record() -> StateRecord:
    """A state with the hand mounted: an eighth of a turn about the flange's axis, and its length."""
    record = StateRecord()
    cos, sin = np.cos(HAND_ANGLE), np.sin(HAND_ANGLE)
    hand = np.array([[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, HAND_LENGTH_M], [0, 0, 0, 1]])
    record["F_T_EE"] = record["F_T_NE"] = column_major(hand)
    record["m_ee"], record["F_x_Cee"], record["I_ee"] = EE_MASS_KG, np.array(EE_COM), np.array(EE_INERTIA)
    return record
