"""The attendant that screens come to: tells the state of its run and hears its operator."""

import time
from pathlib import Path

from executive.journal import Event
from executive.operator.attendant import Watched
from executive.operator.helm import Declined
from executive.operator.protocol import (
    Pause,
    Unintelligible,
    number_of,
    state_to_bytes,
    wish_from_bytes,
)
from executive.operator.telling import Teller
from executive.places import keys_folder, whereabouts_file
from hardware.messages import Refusal, Refused
from hardware.station import Station, local_keys

TELL_EVERY_S = 0.125
WAIT_S = 0.03
"""How long a run that waits itself waits for what is said next [s]."""
REMEMBERED = 256
"""Wishes that are known when they are said again."""
BEGINNING = "the command"
"""Who pauses a run that is to begin paused."""
PATIENCE_S = 60.0
"""An operator who has been cut off is still waited for so long [s]."""


class Post:
    """A station beside one run. Everything happens on the run's thread, between its control periods.

    Raises KeyTrouble, OSError when it cannot be set up.
    """

    def __init__(self, runs_dir: Path, *, paused: bool = False) -> None:
        """With ``paused`` the run is held when it begins, until an operator goes on."""
        self.runs_dir, self.paused = runs_dir, paused
        self.station = Station(self._hear, local_keys(keys_folder(runs_dir)), stop=self._stop)
        self._watched: Watched | None = None
        self._teller: Teller | None = None
        self._file: Path | None = None
        self._tell_at = 0.0
        self._attended_s = float("-inf")
        self._early: list[Event] = []
        self._answers: dict[str, str] = {}
        """What came of the newest wishes, by number: one that is said again is not carried out again."""

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._watched, self._teller = watched, Teller(watched, self.runs_dir)
        for event in self._early:
            self._teller.happened(event)
        self._file = whereabouts_file(self.runs_dir, watched.run)
        self.station.whereabouts.write(self._file)
        if self.paused:
            watched.helm.wish(BEGINNING, Pause(stiff=True))

    def happened(self, event: Event) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._teller is None:
            self._early.append(event)
        else:
            self._teller.happened(event)

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._watched is None or self._teller is None:
            return
        self.station.listen(WAIT_S if self._watched.helm.waiting else 0.0)
        now = time.monotonic()
        if self.station.controller:
            self._attended_s = now
        self._watched.board.attended = now - self._attended_s < PATIENCE_S
        self._teller.look()
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_S
            self._tell()

    def ended(self, outcome: str) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._tell(outcome)

    def close(self) -> None:
        """Let go of the sockets."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
        self.station.close()

    def _tell(self, outcome: str = "") -> None:
        if self._teller is not None:
            self.station.tell(state_to_bytes(self._teller.state(self.station.controller, outcome)))

    def _hear(self, who: str, words: bytes) -> str:
        if self._watched is None:
            raise Refused(Refusal.UNFIT, "the run has not begun")
        self._tell_at = 0.0
        number, wish = number_of(words)
        if number in self._answers:
            return self._answers[number]
        try:
            answer = self._watched.helm.wish(who, wish_from_bytes(wish))
        except Unintelligible as error:
            raise Refused(Refusal.MALFORMED, str(error)) from None
        except Declined as declined:
            raise Refused(Refusal.UNFIT, str(declined)) from None
        if number:
            self._answers[number] = answer
            if len(self._answers) > REMEMBERED:
                del self._answers[next(iter(self._answers))]
        return answer

    def _stop(self, who: str) -> None:
        if self._watched is not None:
            self._watched.helm.stop(who)
