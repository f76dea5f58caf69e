"""What can go wrong with a simulated FR3 on demand, by name.

A fault lasts for a number of the robot's milliseconds. Any of libfranka's errors can be named too: the arm
then stops with it as soon as it is in motion.
"""

from collections import deque
from dataclasses import dataclass

from hardware.reflexes import ERROR_NAMES

FAULTS = {
    "gripper_miss": "the next grasp leaves the fingers where they are",
    "commands_dropped": "the client's packets are lost on the way",
    "commands_delayed": "the client's packets arrive late",
    "states_dropped": "the robot's packets are lost on the way",
    "connection_lost": "the robot closes its connections and takes no new ones",
    "user_stop": "a person holds the user stop down",
}
"""The faults that are not errors of libfranka, in words."""
DELAY_MS = 8


class UnknownFault(ValueError):
    """A fault was named that there is not."""

    def __init__(self, name: str) -> None:
        known = ", ".join((*FAULTS, *ERROR_NAMES))
        super().__init__(f"there is no fault '{name}'; there are {known}")


@dataclass(slots=True)
class _Active:
    left_ms: int
    fresh: bool = True


class Faults:
    """The faults in force, counted down by the robot's clock."""

    def __init__(self) -> None:
        self._active: dict[str, _Active] = {}
        self._late: deque[tuple[int, bytes]] = deque()
        self._now = 0

    def inject(self, name: str, duration_ms: int = 100) -> None:
        """Begin a fault. Raises UnknownFault."""
        if name not in FAULTS and name not in ERROR_NAMES:
            raise UnknownFault(name)
        self._active[name] = _Active(duration_ms)

    def clear(self) -> None:
        """End all faults."""
        self._active.clear()

    def tick(self) -> None:
        """A millisecond passes."""
        self._now += 1
        for name, active in list(self._active.items()):
            active.left_ms -= 1
            if active.left_ms < 0:
                del self._active[name]

    def active(self, name: str) -> bool:
        """Whether the fault is in force."""
        return name in self._active

    def begins(self, name: str) -> bool:
        """Whether the fault is in force and this is the first time that it was asked for."""
        active = self._active.get(name)
        if active is None or not active.fresh:
            return False
        active.fresh = False
        return True

    def spend(self, name: str) -> None:
        """End a fault that happens once."""
        self._active.pop(name, None)

    def tripped(self) -> str | None:
        """An error of libfranka, or the user stop, that is to stop the arm in motion; it happens once."""
        for name in list(self._active):
            if name in ERROR_NAMES:
                self.spend(name)
                return name
            if name == "user_stop" and self.begins(name):
                return name
        return None

    def passed(self, packet: bytes) -> list[bytes]:
        """What comes of a packet from the client at once: itself, or nothing."""
        if self.active("commands_dropped"):
            return []
        if self.active("commands_delayed"):
            self._late.append((self._now + DELAY_MS, packet))
            return []
        return [packet]

    def late(self) -> list[bytes]:
        """Delayed packets whose time has come."""
        ready = []
        while self._late and self._late[0][0] <= self._now:
            ready.append(self._late.popleft()[1])
        return ready
