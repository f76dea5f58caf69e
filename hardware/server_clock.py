"""A server's clock, as far as its answers tell: estimated from the quickest one, and never ahead of it."""

import time


class ServerClock:
    """Both clocks are monotonic [s]."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        """How far the server's clock is ahead of ours, at least [s]."""
        self.round_trip_s = float("inf")
        """The quickest answer so far [s]."""

    def now(self) -> float:
        """The server's clock."""
        return time.monotonic() + self.offset_s

    def doubt(self) -> None:
        """A new session may be one with another server: the next answer counts more than those before."""
        self.round_trip_s = float("inf")

    def learn(self, server_time_s: float, sent_s: float) -> None:
        """An answer came just now, given at ``server_time_s``, to what was sent at ``sent_s``."""
        now = time.monotonic()
        ahead, took = server_time_s - now, now - sent_s
        moved = abs(ahead - self.offset_s) > took + self.round_trip_s
        if took <= self.round_trip_s or moved:
            self.offset_s, self.round_trip_s = ahead, took
