"""Who is in control: one client at a time, for as long as it is heard from."""


class Lease:
    """Control of the arm. ``now`` is always the server's monotonic clock [s]."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._holder: bytes | None = None
        self._heard_s = float("-inf")

    @property
    def holder(self) -> bytes | None:
        """The session in control."""
        return self._holder

    def held_by(self, session: bytes) -> bool:
        """Whether ``session`` is in control."""
        return self._holder is not None and self._holder == session

    def take(self, session: bytes, now: float) -> bool:
        """Give control to ``session`` if nobody else has it; whether it has it now."""
        if self._holder is not None and self._holder != session:
            return False
        self._holder, self._heard_s = session, now
        return True

    def heard(self, session: bytes, now: float) -> None:
        """Note that ``session`` spoke; a message of another one changes nothing."""
        if self.held_by(session):
            self._heard_s = max(self._heard_s, now)

    def give(self, session: bytes) -> bool:
        """Let go; whether ``session`` was in control."""
        was = self.held_by(session)
        if was:
            self._holder = None
        return was

    def expire(self, now: float) -> bytes | None:
        """Take control away from a holder that has been silent for too long; returns it."""
        if self._holder is None or now - self._heard_s <= self.timeout_s:
            return None
        lost, self._holder = self._holder, None
        return lost
