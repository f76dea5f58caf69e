"""Whether a blow can be read from the journals: the bridge's logbook and the run's own events."""

import json
from collections.abc import Sequence
from typing import Any

from executive.journal import Event
from hardware.interference import Mischief
from hardware.proving_ground import KILLED_CLIENT, KILLED_SERVER, Blow

WORDS = {
    "commands_dropped": ("communication_constraints_violation", "connection"),
    "commands_delayed": ("communication_constraints_violation", "discontinuity", "connection"),
    "states_dropped": ("communication_constraints_violation", "connection"),
    "connection_lost": ("connection",),
    "user_stop": ("user_stop",),
    KILLED_CLIENT: ("lease lost",),
    "gripper_miss": ("lease lost",),
}
"""The bridge's logbook has one of these words after the fault; other faults are told by their names. A missed
grasp stops nothing by itself: an arm that stood after it had lost its client."""


def is_told(blow: Blow, lines: Sequence[dict[str, Any]], events: Sequence[Event]) -> bool:
    """Whether what stopped the arm can be read.

    In the logbook's ``lines``, unless the bridge itself was killed, and in the run's ``events`` since then,
    which say that it broke off or was taken up.
    """
    if not any(event.kind in ("fault", "resumed") for event in events):
        return False
    if blow.kind == KILLED_SERVER:
        return True
    kinds = [str(line["kind"]) for line in lines]
    if blow.kind in list(Mischief):
        return "lease lost" in kinds or "fault" in kinds
    said = json.dumps(
        [line for line in lines if line["kind"] in ("fault", "exception", "lease lost", "hold")]
    )
    return any(word in said for word in WORDS.get(blow.kind, (blow.kind,)))
