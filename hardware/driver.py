"""The driver of an FR3: an :class:`hardware.arm.Arm` on franky and libfranka.

libfranka's control loop runs in a thread of franky's own, a thousand times a second. Here one more thread
looks at the robot every few milliseconds, takes the newest order, and sees each motion to its end; callers
leave orders and read what was last seen. Nothing that libfranka complains of gets out: it becomes the arm's
fault, by name, until ``recover``.
"""

import threading
import time
from dataclasses import dataclass
from importlib.metadata import version

import franky
import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError, ArmState, CollisionLimits, Mode
from hardware.complaints import LOST, mode_of, named, stopped_by_itself
from hardware.desk import Desk, DeskLogin
from hardware.hand import Hand, HandState
from hardware.motions import Activity, cartesian_motion, joint_motion, prepare, stopping
from hardware.sight import Sight
from hardware.springs import HOLD, reference, tracking
from skills.cell import Compliance, Vector

PERIOD_S = 0.004
"""Time between two looks at the robot [s]."""
RECOVERY_S = 2.0
"""Time that the robot is given to clear its errors [s]."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the arm is to do next; a newer order replaces one that was not begun."""

    activity: Activity
    target: RigidTransform | None = None
    joints: Vector | None = None
    speed: float = 0.0
    spring: Compliance = HOLD


class FrankyArm:
    """Implements :class:`hardware.arm.Arm`. Connects at once; raises ArmError when it cannot."""

    def __init__(self, address: str, *, realtime: bool = True, desk: DeskLogin | None = None) -> None:
        self.address = address
        self._realtime = franky.RealtimeConfig.Enforce if realtime else franky.RealtimeConfig.Ignore
        self._desk = Desk(address, desk) if desk is not None else None
        if self._desk is not None:
            self._desk.make_ready()
        self._lock = threading.RLock()
        self._connection: franky.Robot | None = self._connected()
        self._hand = Hand(address)
        self._activity = Activity.NONE
        self._tracker: franky.CartesianImpedanceTrackingMotion | None = None
        self._order: Order | None = None
        self._collision: CollisionLimits | None = None
        self._recovering = self._halted = False
        self._fault: tuple[str, str] | None = None
        self._spring = Compliance()
        self._target, self._tracked_spring = RigidTransform.identity(), HOLD
        self._sight = Sight(self._robot)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="arm", daemon=True)
        self._thread.start()

    # -- what the arm sees ---------------------------------------------------------------------------

    def state(self) -> ArmState:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            seen, hand, fault = self._sight.newest, self._hand.state, self._fault
            if fault is None and hand.fault is not None:
                fault = (hand.fault, hand.detail)
            return ArmState(
                time_s=seen.time_s,
                joint_positions=seen.q,
                joint_velocities=seen.dq,
                tcp_in_base=seen.tcp,
                tcp_velocity=seen.tcp_velocity,
                wrench=self._sight.wrench,
                peak_force_n=self._sight.take_peak(),
                joint_torques_external=seen.torques,
                gripper_width_m=hand.width_m,
                grasped=hand.grasped,
                moving=self._moving(hand),
                mode=self._mode(),
                fault=fault[0] if fault else None,
                fault_detail=fault[1] if fault else "",
            )

    def diagnose(self) -> dict[str, object]:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            seen = self._sight.newest
            found: dict[str, object] = {
                "address": self.address,
                "driver": "franky-control",
                "driver_version": version("franky-control"),
                "robot_mode": seen.robot_mode,
                "control_command_success_rate": seen.success_rate,
                "payload_kg": seen.payload_kg,
                "gripper_server_version": self._hand.server_version,
                "gripper_width_m": self._hand.state.width_m,
                "fault": self._fault[0] if self._fault else None,
            }
        if self._desk is not None:
            found.update(self._desk.status())
        return found

    # -- what it is told -----------------------------------------------------------------------------

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._spring = compliance
            if self._order is not None and self._order.activity is Activity.TRACKING:
                self._order = Order(Activity.TRACKING, self._order.target, spring=compliance)
            elif self._order is None and self._activity is Activity.TRACKING:
                self._order = Order(Activity.TRACKING, self._target, spring=compliance)

    def track(self, tcp_in_base: RigidTransform, velocity: Vector | None = None) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._refuse_when_ill()
            tracker = self._tracker
            if self._order is None and self._activity is Activity.TRACKING and tracker is not None:
                self._target = tcp_in_base
                tracker.set_reference(reference(tcp_in_base, velocity))
            else:
                self._order = Order(Activity.TRACKING, tcp_in_base, spring=self._spring)

    def move(self, tcp_in_base: RigidTransform, speed: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._begin(Order(Activity.MOVING, target=tcp_in_base, speed=speed))

    def move_joints(self, joint_positions: Vector, speed: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._begin(Order(Activity.MOVING_JOINTS, joints=np.asarray(joint_positions), speed=speed))

    def grasp(self, width_m: float, force_n: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._refuse_when_ill()
            self._hand.grasp(width_m, force_n)

    def release(self, width_m: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._refuse_when_ill()
            self._hand.release(width_m)

    def zero_wrench(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._sight.zero()

    def hold(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            if self._fault is None:
                self._order = Order(Activity.HOLDING)

    def stop(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._halted = True
            self.hold()

    def recover(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._halted = False
            if self._fault is None:
                self._order = Order(Activity.HOLDING)
            self._recovering = self._fault is not None or self._hand.state.fault is not None

    def limits(self, collision: CollisionLimits) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._collision = collision

    def close(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._running = False
        self._thread.join(3.0)
        self._hand.close()
        try:
            if self._connection is not None and self._connection.is_in_control:
                self._connection.stop()
        except Exception as error:
            self._fault = named(error)
        if self._desk is not None:
            self._desk.close()

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._running:
            began = time.monotonic()
            try:
                self._cycle()
            except Exception as error:
                self._fall_ill(error)
            time.sleep(max(0.0005, PERIOD_S - (time.monotonic() - began)))

    def _cycle(self) -> None:
        with self._lock:
            recovering, self._recovering = self._recovering, False
        if recovering:
            self._get_well()
        if self._fault is not None and self._fault[0] in LOST:
            time.sleep(0.02)
            return
        seen = self._sight.look(self._robot)
        with self._lock:
            self._sight.take(seen)
            if self._activity is Activity.NONE and self._fault is None:
                self._fault = stopped_by_itself(self._robot.state)
            if self._activity is not Activity.NONE and self._robot.poll_motion():
                self._activity, self._tracker = Activity.NONE, None
            if self._fault is None:
                self._carry_out()

    def _carry_out(self) -> None:
        """Take the next step towards what was ordered last."""
        order = self._order
        if self._activity is Activity.NONE and self._collision is not None:
            self._set_collision(self._collision)
            self._collision = None
        if order is None and self._collision is not None and self._activity.by_torque:
            order = self._order = Order(self._activity, self._target, spring=self._tracked_spring)
        if order is None:
            return
        now = self._activity
        if now is Activity.STOPPING:
            return
        torque_now, torque_next = now.by_torque, order.activity.by_torque
        if now is not Activity.NONE and not (torque_now and torque_next):
            self._brake(now)
            return
        if torque_next and self._collision is not None:
            self._brake(now)
            return
        self._order = None
        self._start(order)

    def _brake(self, activity: Activity) -> None:
        seen = self._sight.newest
        self._robot.move(stopping(activity, seen.commanded, seen.commanded_velocity), asynchronous=True)
        self._activity = Activity.STOPPING

    def _start(self, order: Order) -> None:
        if order.activity.by_torque:
            target = order.target if order.target is not None else self._sight.newest.tcp
            self._tracker, self._target = tracking(order.spring, target), target
            self._tracked_spring = order.spring
            self._robot.move(self._tracker, asynchronous=True)
        elif order.activity is Activity.MOVING:
            assert order.target is not None
            here, wrist = self._sight.newest.tcp, float(self._sight.newest.q[6])
            motion = cartesian_motion(self._robot, here, wrist, order.target, order.speed)
            self._robot.move(motion, asynchronous=True)
        else:
            assert order.joints is not None
            self._robot.move(joint_motion(order.joints, order.speed), asynchronous=True)
        self._activity = order.activity

    def _get_well(self) -> None:
        """Clear the robot's errors, or connect anew; then stand on a soft spring.

        A robot speaks to one client at a time: the old connection must be gone before there is another.
        """
        fault = self._fault
        if fault is not None and fault[0] in LOST:
            self._connection = None
            self._connection = self._connected()
            self._sight.reconnected()
        if self._hand.state.fault is not None:
            self._hand.reconnect()
        if fault is not None:
            self._await_recovery(fault[0])
        if fault is not None:
            with self._lock:
                self._fault, self._activity, self._tracker = None, Activity.NONE, None
                self._order = Order(Activity.HOLDING)

    def _await_recovery(self, fault: str) -> None:
        """Clear the robot's errors and wait until it says that it is well. Raises ArmError."""
        try:
            self._robot.recover_from_errors()
        except franky.CommandException as error:
            raise ArmError(fault, named(error)[1]) from error
        give_up = time.monotonic() + RECOVERY_S
        while (state := self._robot.state).robot_mode != franky.RobotMode.Idle:
            if time.monotonic() > give_up:
                raise ArmError(fault, f"the robot stays in mode {state.robot_mode.name}")
            time.sleep(PERIOD_S)

    def _fall_ill(self, error: Exception) -> None:
        """Whatever the robot or franky complains of: no more orders until it is well again."""
        name, detail = (error.name, error.what) if isinstance(error, ArmError) else named(error)
        with self._lock:
            self._fault = (name, detail)
            self._activity, self._tracker, self._order = Activity.NONE, None, None

    # -- inside --------------------------------------------------------------------------------------

    @property
    def _robot(self) -> franky.Robot:
        """The connection. Raises ArmError when there is none."""
        if self._connection is None:
            raise ArmError("connection_lost", "the robot could not be reached again")
        return self._connection

    def _connected(self) -> franky.Robot:
        try:
            robot = franky.Robot(self.address, realtime_config=self._realtime)
            prepare(robot)
        except Exception as error:
            raise ArmError(*named(error)) from error
        return robot

    def _begin(self, order: Order) -> None:
        with self._lock:
            self._refuse_when_ill()
            self._order = order

    def _refuse_when_ill(self) -> None:
        if self._fault is not None:
            raise ArmError(*self._fault)
        if self._halted:
            raise ArmError("stopped", "the arm was stopped and waits to be told to recover")

    def _set_collision(self, limits: CollisionLimits) -> None:
        force = [limits.force_n] * 3 + [limits.torque_nm] * 3
        self._robot.set_collision_behavior(list(limits.joint_torque_nm), force)

    def _moving(self, hand: HandState) -> bool:
        waiting = self._order is not None and not self._order.activity.by_torque
        return hand.moving or waiting or self._activity in (Activity.MOVING, Activity.MOVING_JOINTS)

    def _mode(self) -> str:
        if self._fault is not None:
            return mode_of(self._fault[0])
        if self._halted:
            return Mode.STOPPED
        if self._activity in (Activity.TRACKING, Activity.HOLDING):
            return Mode.TRACKING
        return Mode.IDLE if self._activity is Activity.NONE else Mode.MOVING
