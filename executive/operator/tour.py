"""Pictures of the operator's screen for its guide: a short run without physics, helped and drawn as it goes.

The screen is the real one, the states are those of a real run of a bundled product in the scripted cell, in
which one part jams and another is not there to be grasped.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from executive.board import Phase
from executive.journal import Event, Journal
from executive.kit import insertions_of, standard_kit
from executive.operator.attendant import Nobody, Watched
from executive.operator.feed import Unheard, View
from executive.operator.protocol import AnyWish, ByHand, Jog, Mode, Pause, Resume, Retry, Skip, State
from executive.operator.screen import OperatorApp
from executive.operator.telling import Teller
from executive.options import OnFailure, PolicyName, RunOptions
from executive.run import Bench, assemble
from sequences.files import write_whole
from sequences.load import load
from skills.fake import FakeCell
from skills.trouble import Trouble, TroubleKind

PRODUCT, JAMMED, LOST = "gearbox", "planet_a", "planet_c"
SIZE = (100, 30)
GRASPS = 4
"""So many times a hand closes on a part before it believes that it is not there."""
MOST_TRIES = 4
"""Attempts at a step after which it is left out."""
WHO = "anna@bench"


@dataclass(frozen=True, slots=True)
class Shot:
    """A state to be drawn, and the keys that are pressed before."""

    name: str
    state: State
    keys: tuple[str, ...] = ()


class Guide(Nobody):
    """Plays the operator and keeps the states on the way."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []
        self._early: list[Event] = []
        self._teller: Teller | None = None

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.watched, self._teller = watched, Teller(watched)
        for event in self._early:
            self._teller.happened(event)
        self._script = self._play()

    def happened(self, event: Event) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._teller is None:
            self._early.append(event)
        else:
            self._teller.happened(event)

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        assert self._teller is not None
        self._teller.look()
        next(self._script, None)

    def ended(self, outcome: str) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._shoot("over", outcome=outcome)

    def _shoot(self, name: str, *keys: str, outcome: str = "") -> None:
        assert self._teller is not None
        self.shots.append(Shot(name, self._teller.state(WHO, outcome), keys))

    def _wish(self, wish: AnyWish) -> None:
        self.watched.helm.wish(WHO, wish)

    def _play(self) -> Iterator[None]:
        board = self.watched.board
        while not (board.progress.index == 0 and board.phase is Phase.CARRIED):
            yield
        for _ in range(20):
            yield
        self._shoot("running")
        self._shoot("keys", "question_mark")
        self._wish(Pause(stiff=True))
        yield
        self._shoot("paused")
        self._wish(Resume())
        yield from self._until_asked()
        self._shoot("asking")
        for jog in [Jog(z_m=0.005)] * 3 + [Jog(x_m=0.001)] * 2 + [Jog(y_m=-0.001)]:
            self._wish(jog)
            yield
            yield
        self._shoot("jogged")
        self._shoot("sure", "k")
        self._wish(Retry())
        yield
        yield from self._until_asked()
        self._wish(ByHand())
        yield
        yield from self._until_asked()
        self._shoot("not-believed")
        while True:
            self._wish(Retry(elsewhere=True) if board.progress.tried < MOST_TRIES else Skip())
            yield
            yield from self._until_asked()

    def _until_asked(self) -> Iterator[None]:
        while self.watched.helm.mode is not Mode.ASKING:
            yield


class Still:
    """A feed of one state."""

    def __init__(self, state: State, *, trouble: str = "", silence_s: float = 0.0) -> None:
        self._view = View(state, silence_s, trouble, not trouble)

    def view(self) -> View:
        """See :class:`executive.operator.feed.Feed`."""
        return self._view

    def send(self, wish: AnyWish) -> str:
        """See :class:`executive.operator.feed.Feed`."""
        raise Unheard("this is a picture")

    def take(self) -> str:
        """See :class:`executive.operator.feed.Feed`."""
        raise Unheard("this is a picture")

    def close(self) -> None:
        """See :class:`executive.operator.feed.Feed`."""


def shots() -> list[Shot]:
    """The states of the guided run, in order."""
    assembly = load(PRODUCT)
    troubles = [Trouble(TroubleKind.JAM, JAMMED), Trouble(TroubleKind.MISSED, LOST, GRASPS)]
    cell = FakeCell(assembly, insertions_of(assembly), troubles=troubles)
    options = RunOptions(policy=PolicyName.SEARCH, attempts=1, on_failure=OnFailure.ASK)
    guide = Guide()
    with TemporaryDirectory(prefix="dovetail-tour-") as folder:
        journal = Journal(Path(folder))
        kit = standard_kit(assembly, PolicyName.SEARCH)
        assemble(assembly, Bench(cell), options, journal, kit=kit, attendant=guide)
        journal.close()
    return guide.shots


def write_tour(folder: Path) -> list[Path]:
    """Draw every screen of the guide into ``folder`` as SVG; the paths."""
    taken = shots()
    written = [_drawn(folder, shot.name, Still(shot.state), shot.keys) for shot in taken]
    lost = Still(taken[0].state, trouble="the run is silent", silence_s=4.0)
    return [*written, _drawn(folder, "lost", lost, ())]


def _drawn(folder: Path, name: str, feed: Still, keys: tuple[str, ...]) -> Path:
    return write_whole(folder / f"operator-{name}.svg", asyncio.run(_svg(feed, keys)).encode())


async def _svg(feed: Still, keys: tuple[str, ...]) -> str:
    app = OperatorApp(feed)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return app.export_screenshot(title="dovetail operate")
