"""Where a screen gets its states from and where its wishes go: a run that goes on, found again when lost.

A thread looks for the run, connects, listens and, when the run falls silent, looks again; the screen asks for
the newest state whenever it draws. Nothing here imports the connection's machinery before it is needed.
"""

import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from executive.operator.protocol import AnyWish, Halt, State, Unintelligible, numbered, state_from_bytes
from executive.places import keys_folder, whereabouts_file, whereabouts_files

if TYPE_CHECKING:
    from hardware.station import Whereabouts
    from hardware.station_link import StationLink

LOST_S = 1.5
"""A run that is silent for longer is out of reach [s]."""
LOOK_AGAIN_S = 3.0
"""A run that is silent for longer may be somewhere else by now [s]."""
LOOK_EVERY_S = 0.25


class Unheard(Exception):
    """A wish that did not come to anything; the message says why."""


@dataclass(frozen=True, slots=True)
class View:
    """What a screen draws."""

    state: State | None
    """The newest; None before the first."""
    silence_s: float
    """How long ago it was heard [s]."""
    trouble: str
    """Why there is no connection; empty while there is one."""
    controlling: bool
    """The wishes of this screen are heard."""


class Feed(Protocol):
    """Shows a run, live or recorded. Methods may be called from any thread."""

    def view(self) -> View:
        """The newest."""
        ...

    def send(self, wish: AnyWish) -> str:
        """Pass a wish on; what came of it. Raises Unheard."""
        ...

    def take(self) -> str:
        """Ask for control; what came of it. Raises Unheard."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class LiveFeed:
    """A feed of the run with this number, or of whichever goes on."""

    def __init__(
        self, runs_dir: Path, run: int | None, name: str, *, watch: bool = False, key: Path | None = None
    ) -> None:
        self.runs_dir, self.run, self.name, self.watch, self.key = runs_dir, run, name, watch, key
        self._state: State | None = None
        self._heard_s = time.monotonic()
        self._trouble = "looking for the run"
        self._link: StationLink | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="feed", daemon=True)
        self._thread.start()

    def view(self) -> View:
        """See :class:`Feed`."""
        silence_s = time.monotonic() - self._heard_s
        state, link = self._state, self._link
        over = state is not None and bool(state.outcome)
        trouble = "" if over else self._trouble
        if not trouble and not over and silence_s > LOST_S:
            trouble = "the run is silent"
        return View(state, silence_s, trouble, link is not None and link.in_control)

    def send(self, wish: AnyWish) -> str:
        """See :class:`Feed`."""
        from hardware.messages import Refused
        from skills.cell import CellError

        link = self._link
        if link is None:
            raise Unheard("there is no connection to the run")
        try:
            if isinstance(wish, Halt) and not link.in_control:
                link.stop()
                return "stopping"
            return link.say(numbered(wish, secrets.token_hex(8)))
        except Refused as refused:
            raise Unheard(refused.detail) from None
        except CellError:
            raise Unheard("the run did not answer") from None

    def take(self) -> str:
        """See :class:`Feed`."""
        from hardware.messages import Refused
        from skills.cell import CellError

        link = self._link
        if link is None:
            raise Unheard("there is no connection to the run")
        try:
            link.take()
        except Refused as refused:
            raise Unheard(refused.detail) from None
        except CellError:
            raise Unheard("the run did not answer") from None
        self.watch = False
        return "you are the operator"

    def close(self) -> None:
        """See :class:`Feed`."""
        self._closed.set()
        self._thread.join(timeout=5.0)

    # -- the thread ----------------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._closed.is_set():
            found = self._find()
            if found is None:
                self._trouble = "no run goes on" if self.run is None else f"run {self.run} does not go on"
            elif (link := self._connected(found)) is not None:
                try:
                    self._stay(link, found)
                finally:
                    self._link = None
                    over = self._state is not None and bool(self._state.outcome)
                    link.close(gone=over or not self._closed.is_set())
            self._closed.wait(LOOK_EVERY_S)

    def _find(self) -> "Whereabouts | None":
        from hardware.station import Whereabouts

        files = (
            whereabouts_files(self.runs_dir)
            if self.run is None
            else [whereabouts_file(self.runs_dir, self.run)]
        )
        return next((where for file in files if (where := Whereabouts.read(file)) is not None), None)

    def _connected(self, where: "Whereabouts") -> "StationLink | None":
        from hardware.keys import KeyTrouble
        from hardware.messages import Refused
        from hardware.station_link import linked
        from skills.cell import CellError

        try:
            return linked(where, keys_folder(self.runs_dir), self.name, self.key)
        except (CellError, Refused, KeyTrouble) as error:
            self._trouble = str(error).splitlines()[0]
            return None

    def _stay(self, link: "StationLink", where: "Whereabouts") -> None:
        """Listen until the run is to be looked for again."""
        self._link, self._heard_s = link, time.monotonic()
        while not self._closed.is_set():
            data = link.hear(LOOK_EVERY_S)
            if data is not None:
                self._take_in(data)
                self._take_control(link)
            elif time.monotonic() - self._heard_s > LOOK_AGAIN_S or self._find() != where:
                self._trouble = "looking for the run"
                return

    def _take_in(self, data: bytes) -> None:
        self._heard_s = time.monotonic()
        try:
            self._state, self._trouble = state_from_bytes(data), ""
        except Unintelligible as error:
            self._trouble = f"the run speaks another language: {error}"

    def _take_control(self, link: "StationLink") -> None:
        """Be the operator when nobody else is."""
        from hardware.messages import Refused
        from skills.cell import CellError

        if self.watch or link.in_control or self._state is None or self._state.operator:
            return
        try:
            link.take()
        except Refused as refused:
            self.watch = refused.refusal.name == "ROLE"
        except CellError:
            self._trouble = "the run did not answer"
