"""An arm examined without keeping anybody waiting: Desk may take a second to answer."""

import threading
import time

from hardware.arm import Arm

UNDERWAY = "examination"
"""The key that is there while the arm has not answered yet."""


class Examination:
    """Asks ``arm.diagnose`` in a thread of its own."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        self.ended_s = float("inf")
        """When the answer came, on the monotonic clock [s]."""
        self._found: dict[str, str] = {UNDERWAY: "under way, ask again"}
        threading.Thread(target=self._examine, name="examination", daemon=True).start()

    def found(self) -> dict[str, str]:
        """What the arm said, as short texts."""
        return dict(self._found)

    def _examine(self) -> None:
        try:
            said = self.arm.diagnose().items()
            self._found = {str(key)[:64]: str(value)[:200] for key, value in said}
        except Exception as error:
            self._found = {"arm": f"cannot be asked: {error}"[:200]}
        self.ended_s = time.monotonic()
