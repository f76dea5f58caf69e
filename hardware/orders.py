"""What the arm does, what it is to do next, and how it gets from the one to the other.

Motions by torque follow one another without a stop; between all others the arm is braked first. Limits of the
robot's reflexes can be set only between motions, so whatever goes on is interrupted for them.
"""

from dataclasses import dataclass

import franky
from scipy.spatial.transform import RigidTransform

from hardware.arm import CollisionLimits
from hardware.connection import Connection
from hardware.motions import Activity, cartesian_motion, joint_motion, stopping
from hardware.sight import Seen
from hardware.springs import HOLD, at_rest, reference, tracking
from skills.cell import Compliance, Vector


@dataclass(frozen=True, slots=True)
class Order:
    """What the arm is to do next; a newer order replaces one that was not begun."""

    activity: Activity
    target: RigidTransform | None = None
    joints: Vector | None = None
    speed: float = 0.0
    spring: Compliance = HOLD


class Orders:
    """The newest order and the motion under way. Whoever calls holds the driver's lock."""

    def __init__(self, connection: Connection) -> None:
        self.activity = Activity.NONE
        """What the arm is doing."""
        self.next: Order | None = None
        """What was ordered and not begun."""
        self._connection = connection
        self._limits: CollisionLimits | None = None
        self._collision: CollisionLimits | None = None
        """Limits that the robot has yet to be told."""
        self._tracker: franky.CartesianImpedanceTrackingMotion | None = None
        self._spring = Compliance()
        self._target, self._tracked_spring = RigidTransform.identity(), HOLD

    @property
    def moving(self) -> bool:
        """A motion through space goes on or is to begin."""
        waiting = self.next is not None and not self.next.activity.by_torque
        return waiting or self.activity in (Activity.MOVING, Activity.MOVING_JOINTS)

    def hold(self) -> None:
        """Stay here, on a soft spring."""
        self.next = Order(Activity.HOLDING)

    def limit(self, collision: CollisionLimits) -> None:
        """Set where the reflexes trip, as soon as that is possible."""
        self._limits = self._collision = collision

    def bend(self, spring: Compliance) -> None:
        """Track with another spring, now and from now on."""
        self._spring = spring
        if self.next is not None and self.next.activity is Activity.TRACKING:
            self.next = Order(Activity.TRACKING, self.next.target, spring=spring)
        elif self.next is None and self.activity is Activity.TRACKING:
            self.next = Order(Activity.TRACKING, self._target, spring=spring)

    def track(self, tcp_in_base: RigidTransform, velocity: Vector | None) -> None:
        """Lead the spring here, at once where it is being led already."""
        tracker = self._tracker
        if self.next is None and self.activity is Activity.TRACKING and tracker is not None:
            self._target = tcp_in_base
            tracker.set_reference(reference(tcp_in_base, velocity))
        else:
            self.next = Order(Activity.TRACKING, tcp_in_base, spring=self._spring)

    def over(self) -> None:
        """The motion under way has come to its end."""
        self.activity, self._tracker = Activity.NONE, None

    def drop(self) -> None:
        """Nothing goes on any more, and nothing is to be done.

        The robot is told its limits again when it is well: franky sets its own with every new connection.
        """
        self.over()
        self.next, self._collision = None, self._limits

    def carry_out(self, seen: Seen) -> None:
        """Take the next step towards what was ordered last."""
        now = self.activity
        if now is Activity.NONE and self._collision is not None:
            self._connection.set_collision(self._collision)
            self._collision = None
        if self.next is None and self._collision is not None and now.by_torque:
            self.next = Order(now, self._target, spring=self._tracked_spring)
        order = self.next
        if order is None or now is Activity.STOPPING:
            return
        spring_to_spring = now.by_torque and order.activity.by_torque
        limits_wait = order.activity.by_torque and self._collision is not None
        if (now is not Activity.NONE and not spring_to_spring) or limits_wait:
            self._brake(seen)
        else:
            self.next = None
            self._start(order, seen)

    def _brake(self, seen: Seen) -> None:
        stop = stopping(self.activity, seen.commanded, seen.commanded_velocity)
        self._connection.robot.move(stop, asynchronous=True)
        self.activity = Activity.STOPPING

    def _start(self, order: Order, seen: Seen) -> None:
        robot = self._connection.robot
        if order.activity.by_torque:
            target = at_rest(seen.tcp, seen.tcp_velocity) if order.target is None else order.target
            self._tracker, self._target = tracking(order.spring, target), target
            self._tracked_spring = order.spring
            robot.move(self._tracker, asynchronous=True)
        elif order.activity is Activity.MOVING:
            assert order.target is not None
            motion = cartesian_motion(robot, seen.tcp, float(seen.q[6]), order.target, order.speed)
            robot.move(motion, asynchronous=True)
        else:
            assert order.joints is not None
            robot.move(joint_motion(order.joints, order.speed), asynchronous=True)
        self.activity = order.activity
