"""franky's and libfranka's exceptions as names that programs can tell apart."""

import re

import franky

from hardware.arm import Mode

_ERROR_LIST = re.compile(r'\[((?:"[a-z_]+"(?:,\s*)?)+)\]')
_BY_TYPE: tuple[tuple[type[Exception], str], ...] = (
    (franky.NetworkException, "connection_lost"),
    (franky.ProtocolException, "protocol"),
    (franky.IncompatibleVersionException, "incompatible_version"),
    (franky.RealtimeException, "no_realtime"),
    (franky.TorqueSignalTimeoutException, "signal_timeout"),
    (franky.InvalidOperationException, "invalid_operation"),
    (franky.InvalidMotionTypeException, "invalid_motion"),
    (franky.MotionReuseException, "invalid_motion"),
    (franky.ReactionRecursionException, "invalid_motion"),
    (franky.ModelException, "model"),
    (franky.GripperException, "gripper"),
    (franky.DeskError, "desk"),
)
_BY_WORDS = (
    ("user stop", "user_stop"),
    ("user stopped", "user_stop"),
    ("safety function", "safety_function"),
    ("preempted", "preempted"),
    ("manual error recovery", "manual_recovery_required"),
    ("singular pose", "singular_pose"),
    ('("reflex")', "reflex"),
    ("not possible in the current mode", "wrong_mode"),
    ("invalid argument", "invalid_argument"),
    ("aborted by reflex", "reflex"),
    ("aborted", "aborted"),
)
LOST = frozenset({"connection_lost", "protocol", "incompatible_version"})
"""Names that mean that nobody is there any more."""


def named(error: Exception) -> tuple[str, str]:
    """The name of an exception of franky's, and its own words."""
    words = " ".join(str(error).split())
    listed = _ERROR_LIST.search(words)
    if listed is not None:
        return _first(listed[1]), words
    for kind, name in _BY_TYPE:
        if isinstance(error, kind):
            return name, words
    if isinstance(error, (franky.ControlException, franky.CommandException)):
        lowered = words.lower()
        for part, name in _BY_WORDS:
            if part in lowered:
                return name, words
        return "control", words
    return "driver", f"{type(error).__name__}: {words}"


def stopped_by_itself(state: franky.RobotState) -> tuple[str, str] | None:
    """The fault of a robot that nobody moves and that is not idle, None when it is well."""
    mode = state.robot_mode
    if mode == franky.RobotMode.UserStopped:
        return "user_stop", "the user stop is pressed"
    if mode == franky.RobotMode.Reflex:
        words = str(state.current_errors)
        listed = _ERROR_LIST.search(words)
        name = "reflex" if listed is None else _first(listed[1])
        return name, f"the robot is in mode {mode.name}: {words}"
    return None


def mode_of(name: str) -> Mode:
    """The mode that an arm is in after the named fault."""
    return Mode.LOST if name in LOST else Mode.REFLEX


def _first(listed: str) -> str:
    return listed.replace('"', "").split(",")[0].strip().removesuffix("_flag")
