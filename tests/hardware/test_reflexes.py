"""What a simulated FR3 objects to, one limit at a time."""

import numpy as np
import pytest
from franky_sim.franka_robot_state import FrankaRobotState

from hardware.arm import CollisionLimits
from hardware.reflexes import ERROR_NAMES, Q_MAX, TICK_S, Measured, Reflexes, flags
from hardware.wire import FIELDS, StateRecord

Q = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 1.9, 0.785])


def measured(**changes: np.ndarray) -> Measured:
    quiet = {
        "q": Q.copy(),
        "dq": np.zeros(7),
        "jacobian": np.eye(6, 7),
        "wrench": np.zeros(6),
        "external_torques": np.zeros(7),
    }
    return Measured(**(quiet | changes))


def one(size: int, index: int, value: float) -> np.ndarray:
    vector = np.zeros(size)
    vector[index] = value
    return vector


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (measured(), None),
        (measured(q=np.where(np.arange(7) == 3, Q_MAX, Q)), "joint_position_limits_violation"),
        (measured(dq=one(7, 1, -2.7)), "joint_velocity_violation"),
        (measured(dq=one(7, 4, 3.0)), "cartesian_velocity_violation"),
        (measured(wrench=one(6, 2, 19.0)), None),
        (measured(wrench=one(6, 2, 21.0)), "cartesian_reflex"),
        (measured(wrench=one(6, 4, -6.0)), "cartesian_reflex"),
        (measured(external_torques=one(7, 0, 31.0)), "joint_reflex"),
    ],
)
def test_an_arm_stops_when_a_measurement_leaves_its_limits(state: Measured, error: str | None) -> None:
    limits = CollisionLimits(force_n=20.0, torque_nm=5.0, joint_torque_nm=(30.0,) * 7)
    assert Reflexes(limits).measured(state) == error


def test_torques_may_not_jump() -> None:
    reflexes = Reflexes()
    assert reflexes.torques(np.full(7, 5.0)) is None
    assert reflexes.torques(np.full(7, 5.9)) is None
    assert reflexes.torques(np.full(7, 7.1)) == "controller_torque_discontinuity"
    reflexes.forget()
    assert reflexes.torques(np.full(7, -3.0)) is None
    assert reflexes.torques(np.full(7, np.nan)) == "controller_torque_discontinuity"


def test_joint_commands_may_not_jump_race_or_leave() -> None:
    reflexes = Reflexes()
    assert reflexes.joints(Q, Q) is None
    assert reflexes.joints(Q + 0.9e-5, Q) is None
    assert reflexes.joints(Q + 2.5e-5, Q) is None
    assert reflexes.joints(Q + 1e-3, Q) == "joint_motion_generator_velocity_discontinuity"
    reflexes.forget()
    assert reflexes.joints(Q + 0.02, Q) == "joint_position_motion_generator_start_pose_invalid"
    assert reflexes.joints(Q + 0.02 + 3.0 * TICK_S, Q) == "joint_motion_generator_velocity_limits_violation"
    assert reflexes.joints(Q + 3.0, Q) == "joint_motion_generator_position_limits_violation"


def test_a_client_that_missed_states_is_not_called_abrupt() -> None:
    """It answers the last state that it saw and then the newest: five milliseconds lie between."""
    reflexes, speed = Reflexes(), 0.5
    for tick, ticks in ((0, 1), (5, 5), (6, 1), (7, 1)):
        assert reflexes.joints(Q + speed * tick * TICK_S, Q, ticks) is None
    reflexes.forget()
    for tick, said in ((0, None), (5, None), (6, "joint_motion_generator_velocity_discontinuity")):
        assert reflexes.joints(Q + speed * tick * TICK_S, Q) == said
    reflexes.forget()
    assert reflexes.torques(np.full(7, 1.0)) is None
    assert reflexes.torques(np.full(7, 5.0), 4) is None


def test_pose_commands_may_not_jump_race_or_bend() -> None:
    reflexes, tcp = Reflexes(), np.eye(4)

    def at(x: float) -> np.ndarray:
        pose = tcp.copy()
        pose[0, 3] = x
        return pose

    assert reflexes.pose(at(0.0), tcp) is None
    assert reflexes.pose(at(1e-6), tcp) is None
    assert reflexes.pose(at(3e-6), tcp) is None
    assert reflexes.pose(at(1e-4), tcp) == "cartesian_motion_generator_velocity_discontinuity"
    assert reflexes.pose(at(0.01), tcp) == "cartesian_motion_generator_velocity_limits_violation"
    assert reflexes.pose(1.1 * tcp, tcp) == "cartesian_position_motion_generator_invalid_frame"
    reflexes.forget()
    assert reflexes.pose(at(0.01), tcp) == "cartesian_position_motion_generator_start_pose_invalid"


def test_flags_name_the_error() -> None:
    raised = flags("cartesian_reflex")
    assert len(raised) == 41
    assert [ERROR_NAMES[i] for i, flag in enumerate(raised) if flag] == ["cartesian_reflex"]
    assert not any(flags(None))


def test_a_state_goes_on_the_wire_as_franky_sim_packs_it() -> None:
    rng = np.random.default_rng(1)
    record, theirs = StateRecord(), {}
    for name, size in FIELDS:
        values = rng.uniform(-2, 2, size)
        record[name] = values
        theirs[name] = float(values[0]) if name in ("m_ee", "m_load") else tuple(values)
    record.errors = record.reflex_reason = flags("joint_reflex")
    bits = tuple(bool(bit) for bit in record.errors)
    state = FrankaRobotState(
        **theirs,
        errors=bits,
        reflex_reason=bits,
        robot_mode=record.mode,
        motion_generator_mode=record.generator,
        controller_mode=record.controller,
        control_command_success_rate=record.success_rate,
    )
    assert record.packed() == state.pack_state()
