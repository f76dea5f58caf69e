"""The operator's screen, drawn by Textual and compared with golden files; its keys and what they send."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console
from textual import events
from textual.app import App
from textual.keys import _character_to_key

from executive.operator.feed import Unheard, View
from executive.operator.protocol import (
    Abort,
    AnyWish,
    ByHand,
    Guide,
    Halt,
    Happening,
    Jog,
    Line,
    Mode,
    Pause,
    Plug,
    Question,
    Regrasp,
    Remark,
    Resume,
    Retry,
    Skip,
    Start,
    State,
    StepState,
)
from executive.operator.screen import OperatorApp

Golden = Callable[[str, str], None]

TREE = (
    Line(0, "1 sun", "success", ""),
    Line(0, "2 planet_a", "running", ""),
    Line(1, "guarded", "running", ""),
    Line(2, "no fault", "success", "well"),
    Line(2, "work", "running", ""),
    Line(3, "attempt", "running", ""),
    Line(4, "begin", "success", "attempt 2"),
    Line(4, "watched", "running", ""),
    Line(5, "force limit", "success", "well"),
    Line(5, "pick", "success", "weighing"),
    Line(5, "choose start", "success", "from (1.4, 0.6, 21.0) mm"),
    Line(5, "carry", "success", "coming to the initialization"),
    Line(5, "policy learned", "running", "inserting (9 N)"),
    Line(0, "3 planet_b", "invalid", ""),
)
STEPS = (
    StepState("sun", "placed", 1, ""),
    StepState("planet_a", "open", 2, "last: jam"),
    *(StepState(part, "open", 0, "") for part in ("planet_b", "planet_c", "carrier", "cap", "shaft")),
)
EVENTS = (
    Happening(1, 0.0, "run_began", "", 0, ""),
    Happening(2, 8.5, "step_done", "sun", 1, ""),
    Happening(3, 21.0, "attempt_failed", "planet_a", 1, "jam"),
    Happening(4, 22.1, "operator", "planet_a", 1, "anna@bench: pause"),
    Happening(5, 25.0, "attempt_began", "planet_a", 2, ""),
)
RUNNING = State(
    run=12, product="gearbox", title="Planetary gearbox", seed=3, mode=Mode.RUNNING, doing="inserting (9 N)",
    time_s=31.4, tree=TREE, steps=STEPS, step=1, attempt=2,
    forces_n=tuple(abs((i * 7) % 23 - 6.0) for i in range(160)), period_s=0.06, limit_n=150.0,
    plug=Plug(0.0014, -0.0006, 0.009, 0.05, 0.012, 0.0005),
    starts=(Start(0.0, 0.0, False), Start(0.0014, 0.0006, None)), events=EVENTS, question=None,
    operator="anna@bench", interventions=1,
)  # fmt: skip
QUESTION = Question(
    "planet_a", 3, "jam", "stuck 9.8 mm above its seat; peak 31 N, 24 s",
    "Lead the tool above the hole by small steps, then retry from here.",
)  # fmt: skip
ASKING = replace(RUNNING, mode=Mode.ASKING, question=QUESTION)


class Fixed:
    """A feed that shows one state and keeps what it is sent."""

    def __init__(self, state: State | None, **view: Any) -> None:
        self.shown = View(state, **{"silence_s": 0.1, "trouble": "", "controlling": True, **view})
        self.sent: list[AnyWish] = []
        self.refuse = ""

    def view(self) -> View:
        return self.shown

    def send(self, wish: AnyWish) -> str:
        if self.refuse:
            raise Unheard(self.refuse)
        self.sent.append(wish)
        return "done"

    def take(self) -> str:
        return "you are the operator"

    def close(self) -> None: ...


def text_of(app: App[None]) -> str:
    """What stands on the screen."""
    console = Console(
        width=app.size.width, height=app.size.height, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", record=True, legacy_windows=False,
    )  # fmt: skip
    console.print(app.screen._compositor.render_update(full=True))
    return console.export_text(styles=False)


def shown(feed: Fixed, *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    """The screen after some keys were pressed."""

    async def play() -> str:
        app = OperatorApp(feed)
        async with app.run_test(size=size) as pilot:
            await pilot.press(*keys)
            await app.workers.wait_for_complete()
            await pilot.pause()
            return text_of(app)

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("name", "feed", "keys"),
    [
        ("screen_running.txt", Fixed(RUNNING), ()),
        ("screen_asking.txt", Fixed(ASKING), ()),
        ("screen_paused.txt", Fixed(replace(RUNNING, mode=Mode.PAUSED, held="stiff")), ()),
        ("screen_watching.txt", Fixed(ASKING, controlling=False), ()),
        ("screen_lost.txt", Fixed(RUNNING, trouble="the run is silent", silence_s=4.0), ()),
        ("screen_over.txt", Fixed(replace(RUNNING, mode=Mode.OVER, outcome="assembled", step=-1)), ()),
        ("screen_looking.txt", Fixed(None, trouble="no run goes on", controlling=False), ()),
        ("screen_help.txt", Fixed(RUNNING), ("question_mark",)),
        ("screen_doubt.txt", Fixed(ASKING), ("a",)),
        ("screen_note.txt", Fixed(RUNNING), ("n", "h", "i")),
    ],
)
def test_the_screen_in_80_columns(name: str, feed: Fixed, keys: tuple[str, ...], golden: Golden) -> None:
    golden(name, shown(feed, *keys))


def test_a_large_screen(golden: Golden) -> None:
    golden("screen_large.txt", shown(Fixed(RUNNING), size=(140, 50)))


@pytest.mark.parametrize(
    ("state", "key", "wish"),
    [
        (RUNNING, "space", Pause()),
        (RUNNING, "P", Pause(stiff=True)),
        (replace(RUNNING, mode=Mode.PAUSED), "space", Resume()),
        (ASKING, "r", Retry()),
        (ASKING, "e", Retry(elsewhere=True)),
        (ASKING, "g", Regrasp()),
        (ASKING, "b", ByHand()),
        (ASKING, "h", Guide(on=True)),
        (replace(RUNNING, mode=Mode.GUIDED), "h", Guide(on=False)),
        (ASKING, "up", Jog(x_m=0.001)),
        (ASKING, "right", Jog(y_m=-0.001)),
        (ASKING, "pagedown", Jog(z_m=-0.001)),
    ],
)
def test_a_key_sends_its_wish(state: State, key: str, wish: AnyWish) -> None:
    feed = Fixed(state)
    assert "✓ done" in shown(feed, key)
    assert feed.sent == [wish]


@pytest.mark.parametrize(("key", "wish"), [("k", Skip()), ("a", Abort()), ("s", Halt())])
def test_what_cannot_be_taken_back_is_asked_about_once_more(key: str, wish: AnyWish) -> None:
    feed = Fixed(ASKING)
    shown(feed, key, "x", key)
    assert feed.sent == []
    shown(feed, key, "y")
    assert feed.sent == [wish]


def test_steps_of_the_tool_grow_and_shrink() -> None:
    feed = Fixed(ASKING)
    shown(feed, "plus", "up", "minus", "minus", "up", *["plus"] * 9, "up")
    assert feed.sent == [Jog(x_m=0.002), Jog(x_m=0.0005), Jog(x_m=0.005)]


def test_a_note_is_written_and_may_be_given_up() -> None:
    feed = Fixed(RUNNING)
    shown(feed, "n", *"hi q", "enter", "n", "x", "escape")
    assert feed.sent == [Remark("hi q")]


def test_a_note_is_edited_as_any_line_is() -> None:
    feed = Fixed(RUNNING)
    shown(feed, "n", *"hxs", "backspace", "backspace", "i", "home", "o", "end", "!", "enter")
    assert feed.sent == [Remark("ohi!")]


@pytest.mark.parametrize("pause", range(8))
def test_keys_that_come_in_a_burst_stay_in_their_order(pause: int) -> None:
    """As after a lost connection has healed: keys come while the screen is still about earlier ones."""
    feed = Fixed(ASKING)
    written = "the quick brown plug"

    async def play() -> None:
        app = OperatorApp(feed)
        async with app.run_test(size=(80, 24)) as pilot:
            for key in ["n", *written, "enter", "up", "n", "x", "escape", "up"]:
                app.post_message(events.Key(_character_to_key(key) if len(key) == 1 else key, key[0]))
                for _ in range(pause):
                    await asyncio.sleep(0)
            await pilot.pause()
            await app.workers.wait_for_complete()

    asyncio.run(play())
    assert sorted(map(repr, feed.sent)) == sorted(
        map(repr, [Jog(x_m=0.001), Remark(written), Jog(x_m=0.001)])
    )


def test_what_is_pasted_goes_into_the_note_and_nowhere_else() -> None:
    feed = Fixed(RUNNING)

    async def play() -> None:
        app = OperatorApp(feed)
        async with app.run_test(size=(80, 24)) as pilot:
            app.post_message(events.Paste("s\ny"))
            await pilot.press("n")
            app.post_message(events.Paste("two\nlines"))
            await pilot.press("enter")
            await app.workers.wait_for_complete()

    asyncio.run(play())
    assert feed.sent == [Remark("two lines")]


def test_why_a_wish_came_to_nothing_is_said() -> None:
    feed = Fixed(RUNNING)
    feed.refuse = "nothing is paused"
    assert "✗ nothing is paused" in shown(feed, "r")


def test_every_width_and_height_can_be_drawn() -> None:
    for size in ((20, 8), (40, 15), (79, 23), (250, 80)):
        assert shown(Fixed(ASKING), size=size)
