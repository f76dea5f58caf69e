"""The driver of an FR3: an :class:`hardware.arm.Arm` on franky and libfranka.

libfranka's control loop runs in a thread of franky's own, a thousand times a second. Here one more thread
looks at the robot every few milliseconds, takes the newest order, and sees each motion to its end; callers
leave orders and read what was last seen. Nothing that libfranka complains of gets out: it becomes the arm's
fault, by name, until ``recover``.
"""

import threading
import time
from importlib.metadata import version

import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError, ArmState, CollisionLimits, Mode
from hardware.complaints import LOST, mode_of, named, stopped_by_itself
from hardware.connection import Connection
from hardware.desk import Desk, DeskLogin
from hardware.hand import Hand
from hardware.motions import Activity
from hardware.orders import Order, Orders
from hardware.sight import Sight
from skills.cell import Compliance, Vector

PERIOD_S = 0.004
"""Time between two looks at the robot [s]."""


class FrankyArm:
    """Implements :class:`hardware.arm.Arm`. Connects at once; raises ArmError when it cannot."""

    def __init__(self, address: str, *, realtime: bool = True, desk: DeskLogin | None = None) -> None:
        self.address = address
        self._desk = Desk(address, desk) if desk is not None else None
        if self._desk is not None:
            self._desk.make_ready()
        self._lock = threading.RLock()
        self._connection = Connection(address, realtime=realtime)
        self._hand = Hand(address)
        self._orders = Orders(self._connection)
        self._recovering = self._halted = False
        self._fault: tuple[str, str] | None = None
        self._sight = Sight(self._connection.robot)
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
                moving=hand.moving or self._orders.moving,
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
            self._orders.bend(compliance)

    def track(self, tcp_in_base: RigidTransform, velocity: Vector | None = None) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._refuse_when_ill()
            self._orders.track(tcp_in_base, velocity)

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
                self._orders.hold()

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
                self._orders.hold()
            self._recovering = self._fault is not None or self._hand.state.fault is not None

    def limits(self, collision: CollisionLimits) -> None:
        """See :class:`hardware.arm.Arm`."""
        with self._lock:
            self._orders.limit(collision)

    def close(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._running = False
        self._thread.join(3.0)
        self._hand.close()
        try:
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
        robot, orders = self._connection.robot, self._orders
        seen = self._sight.look(robot)
        with self._lock:
            self._sight.take(seen)
            if orders.activity is Activity.NONE and self._fault is None:
                self._fault = stopped_by_itself(robot.state)
            if orders.activity is not Activity.NONE and robot.poll_motion():
                orders.over()
            if self._fault is None:
                orders.carry_out(seen)

    def _get_well(self) -> None:
        """Clear the robot's errors, or connect anew; then stand on a soft spring."""
        fault = self._fault
        if fault is not None and fault[0] in LOST:
            self._connection.renew()
            self._sight.reconnected()
        if self._hand.state.fault is not None:
            self._hand.reconnect()
        if fault is not None:
            self._connection.clear_errors(fault[0])
            with self._lock:
                self._fault = None
                self._orders.drop()
                self._orders.hold()

    def _fall_ill(self, error: Exception) -> None:
        """Whatever the robot or franky complains of: no more orders until it is well again."""
        name, detail = (error.name, error.what) if isinstance(error, ArmError) else named(error)
        with self._lock:
            self._fault = (name, detail)
            self._orders.drop()

    # -- inside --------------------------------------------------------------------------------------

    def _begin(self, order: Order) -> None:
        with self._lock:
            self._refuse_when_ill()
            self._orders.next = order

    def _refuse_when_ill(self) -> None:
        if self._fault is not None:
            raise ArmError(*self._fault)
        if self._halted:
            raise ArmError("stopped", "the arm was stopped and waits to be told to recover")

    def _mode(self) -> str:
        if self._fault is not None:
            return mode_of(self._fault[0])
        if self._halted:
            return Mode.STOPPED
        if self._orders.activity in (Activity.TRACKING, Activity.HOLDING):
            return Mode.TRACKING
        return Mode.IDLE if self._orders.activity is Activity.NONE else Mode.MOVING
