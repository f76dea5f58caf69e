"""libfranka's commands to a simulated FR3: read by franky-sim, answered by our robot."""

from enum import IntEnum
from typing import Any

from franky_sim.franka_robot_protocol import (
    AutomaticErrorRecoveryCommand,
    GetRobotModelCommand,
    MoveCommand,
    RobotCommand,
    SetCartesianImpedanceCommand,
    SetCollisionBehaviorCommand,
    SetEEToKCommand,
    SetJointImpedanceCommand,
    SetLoadCommand,
    SetNEToEECommand,
    StopMoveCommand,
)


class Answer(IntEnum):
    """Answers to a setting."""

    SUCCESS = 0
    NOT_POSSIBLE = 1


def _answered(command: Any, by: str) -> Any:
    """The command class, handled by the robot's method ``by``."""

    def handle(self: Any, server: Any) -> None:
        getattr(server, by)(self)

    return type(command.__name__, (command,), {"handle": handle})


ROBOT_COMMANDS = {
    RobotCommand.kMove: _answered(MoveCommand, "move"),
    RobotCommand.kStopMove: _answered(StopMoveCommand, "stop_move"),
    RobotCommand.kSetCollisionBehavior: _answered(SetCollisionBehaviorCommand, "collision"),
    RobotCommand.kSetJointImpedance: _answered(SetJointImpedanceCommand, "accept"),
    RobotCommand.kSetCartesianImpedance: _answered(SetCartesianImpedanceCommand, "accept"),
    RobotCommand.kGetRobotModel: GetRobotModelCommand,
    RobotCommand.kAutomaticErrorRecovery: _answered(AutomaticErrorRecoveryCommand, "recover"),
    RobotCommand.kSetLoad: _answered(SetLoadCommand, "load"),
    RobotCommand.kSetNEToEE: _answered(SetNEToEECommand, "accept"),
    RobotCommand.kSetEEToK: _answered(SetEEToKCommand, "accept"),
}
"""Classes by the protocol's command."""
