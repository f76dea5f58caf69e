"""Ctrl-C as a wish: the first asks the run to stop in good order, the second does not ask."""

import signal
from types import FrameType, TracebackType


class StopOnInterrupt:
    """While entered, SIGINT and SIGTERM set ``wanted`` instead of breaking into the run.

    Usable only in the main thread. A second signal raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._before: dict[signal.Signals, object] = {}

    def __call__(self) -> bool:
        """A stop is wanted."""
        return self.wanted

    def __enter__(self) -> "StopOnInterrupt":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
