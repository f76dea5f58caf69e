"""The pilot of AutoMate (Tang et al., RSS 2024), as its release in Isaac Lab flies it: the faithful baseline.

The network sees joints, TCP, the TCP's goal and the difference, and nothing of force or of its own past; it
answers with increments relative to where the TCP is now, so that an action is a push rather than a place.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from skills.cell import Compliance, Flags, Indices, Vector
from skills.insertion import Insertion
from skills.interface import Block, Layout
from skills.sensed import Sensed

OBSERVATION = Layout(
    (
        Block("joints", 7, 0.1, "rad"),
        Block("tcp_position", 3, 0.01, "m"),
        Block("tcp_quaternion", 4, 0.1, "1"),
        Block("goal_position", 3, 0.01, "m"),
        Block("goal_quaternion", 4, 0.1, "1"),
        Block("delta_position", 3, 0.01, "m"),
    )
)
"""What the network sees, base frame, quaternions w first: 24 numbers."""
FACING = np.array([0.0, np.cos(np.deg2rad(10.0)), np.sin(np.deg2rad(10.0)), 0.0])
"""Quaternions get the sign that brings them to this side; a hand that points down stays off its edge."""


@dataclass(frozen=True, slots=True)
class Automate:
    """Settings of AutoMate's pilot."""

    reach_m: float = 0.1
    """Increment of the target that a full action asks for, along each axis of the base [m]."""
    yaw_rad: float = 0.02
    """The same about the vertical [rad]."""
    smoothing: float = 0.2
    """Share of the new action in the moving average that is flown."""
    bound_m: float = 0.1
    """Farthest target from the socket's mouth, along each axis of the goal [m]."""
    time_s: float = 8.0
    """Length of every attempt [s]."""
    home_m: float = 0.003
    """Height above the estimated goal up to which an attempt that is over may have succeeded: the estimate's
    error and the depth's tolerance [m]."""


class AutomatePilot:
    """Flies ``n`` attempts at an insertion from wherever they begin until their time is over.

    AutoMate's spring of 100 N/m pushes with up to 10 N in an arm without friction. Here a spring twice as
    stiff pushes with up to 20 N, because the FR3's joint friction takes its part of it: measured in free
    space, a full action along the base's x axis moves the TCP at 78 mm/s with 10 N and no joint friction, at
    25 mm/s with 10 N and the full friction of the model, and at 75 mm/s with 20 N and the full friction. The
    turn is scaled likewise, to 1 N·m. Damping makes a full push as fast as in AutoMate's first release, 0.1
    to 0.16 m/s, and not 0.5 m/s as in Isaac Lab, where nothing breaks: here contact of 80 N ends an attempt,
    and even so a full push that meets a face does that. The target is renewed each control period and not
    each physics step, so that the push weakens a little while the TCP follows it. Roll and pitch are held
    upright.
    """

    compliance = Compliance(
        stiffness=200.0,
        rotational_stiffness=50.0,
        clip_m=(0.1, 0.1, 0.1),
        rotational_clip_rad=0.1,
        damping_ratio=2.4,
    )
    carrying = compliance
    observation = OBSERVATION

    def __init__(
        self, insertion: Insertion, n: int, period_s: float, settings: Automate | None = None
    ) -> None:
        self.settings = settings or Automate()
        self.insertion, self.n, self.period_s = insertion, n, period_s
        reach, yaw = self.settings.reach_m, self.settings.yaw_rad
        self.action = Layout((Block("position_increment", 3, reach, "m"), Block("turn", 3, yaw, "rad")))
        self._scale = np.concatenate([np.full(block.size, 1.0 / block.scale) for block in OBSERVATION.blocks])
        self._action = np.zeros((n, 6))

    def begin(self, rows: Indices, sensed: Sensed) -> None:
        """See :class:`skills.pilot.Pilot`."""
        self._action[rows] = 0.0

    def observe(self, sensed: Sensed) -> Vector:
        """See :class:`skills.pilot.Pilot`."""
        tcp, goal = _facing(sensed.tcp), _facing(sensed.tcp_goal)
        seen = np.column_stack([sensed.joints, tcp, goal, goal[:, :3] - tcp[:, :3]])
        return np.asarray(seen * self._scale)

    def command(self, sensed: Sensed, action: Vector) -> tuple[Vector, Vector]:
        """See :class:`skills.pilot.Pilot`; ``action`` (n, 6) in [-1, 1]: increments along and about the axes
        of the base, of which the turns about x and y do nothing."""
        settings, grasp = self.settings, self.insertion.tcp_in_plug
        self._action += settings.smoothing * (np.clip(action, -1.0, 1.0) - self._action)
        goal = Rotation.from_quat(sensed.tcp_goal[:, 3:], scalar_first=True) * grasp.rotation.inv()
        here = Rotation.from_rotvec(sensed.rotation)
        tool = sensed.position + here.apply(grasp.translation)
        mouth = grasp.translation + np.array([0.0, 0.0, self.insertion.depth_m])
        away = tool + goal.inv().apply(settings.reach_m * self._action[:, :3]) - mouth
        wanted = mouth + np.clip(away, -settings.bound_m, settings.bound_m)
        turn = np.zeros((self.n, 3))
        turn[:, 2] = here.as_euler("ZYX")[:, 0] + settings.yaw_rad * self._action[:, 5]
        return wanted - Rotation.from_rotvec(turn).apply(grasp.translation), turn

    def free(self) -> Flags:
        """See :class:`skills.pilot.Pilot`: never."""
        return np.zeros(self.n, bool)

    def working(self, sensed: Sensed) -> Flags:
        """See :class:`skills.pilot.Pilot`: always."""
        return np.ones(self.n, bool)

    def finished(self, sensed: Sensed) -> Flags:
        """See :class:`skills.pilot.Pilot`: the time is over and the plug is about as low as it should be."""
        return np.asarray(self._over(sensed) & (sensed.position[:, 2] < self.settings.home_m))

    def given_up(self, sensed: Sensed) -> Flags:
        """See :class:`skills.pilot.Pilot`: the time is over and the plug is too high."""
        return np.asarray(self._over(sensed) & (sensed.position[:, 2] >= self.settings.home_m))

    def _over(self, sensed: Sensed) -> Flags:
        return np.asarray(sensed.time_s > self.settings.time_s - 0.5 * self.period_s)


def _facing(poses: Vector) -> Vector:
    """Poses (n, 7) whose quaternions all have the sign nearest to ``FACING``."""
    sign = np.where(poses[:, 3:] @ FACING < 0.0, -1.0, 1.0)
    return np.column_stack([poses[:, :3], poses[:, 3:] * sign[:, None]])
