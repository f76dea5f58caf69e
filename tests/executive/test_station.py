"""A run and its screens over real sockets: one operator, many watchers, lost connections, keys."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from executive.operator.feed import LiveFeed, Unheard, View
from executive.operator.post import Post
from executive.operator.protocol import (
    AnyWish,
    Halt,
    Jog,
    Mode,
    Pause,
    Remark,
    Resume,
    Retry,
    Unintelligible,
    number_of,
    numbered,
    state_from_bytes,
    wish_from_bytes,
    wish_to_bytes,
)
from executive.options import OnFailure, RunOptions
from executive.places import keys_folder, whereabouts_file
from executive.records import RunState
from hardware.keys import Role, new_key, publish, save
from hardware.messages import Refusal, Refused
from hardware.station import Station, Whereabouts, local_keys
from hardware.station_link import linked

Make = Callable[..., Any]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)


class Going:
    """A run in a thread, with a post beside it."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.post = Post(world.journal.runs_dir)
        self.result: Any = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self.world.run(ASK, attendant=self.post)
        finally:
            self.post.close()

    def over(self) -> Any:
        self.thread.join(timeout=60.0)
        assert not self.thread.is_alive()
        return self.result


@pytest.fixture
def feeds() -> Iterator[Callable[..., LiveFeed]]:
    made: list[LiveFeed] = []

    def make(world: Any, name: str, **more: Any) -> LiveFeed:
        made.append(LiveFeed(world.journal.runs_dir, more.pop("run", None), name, **more))
        return made[-1]

    yield make
    for feed in made:
        feed.close()


def until(feed: LiveFeed, condition: Callable[[View], bool]) -> View:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        view = feed.view()
        if condition(view):
            return view
        time.sleep(0.01)
    raise AssertionError(f"it never came to that: {feed.view()}")


def asking(view: View) -> bool:
    return view.state is not None and view.state.mode is Mode.ASKING


def test_one_operates_and_the_others_watch(make_world: Make, feeds: Any) -> None:
    world = make_world(("jam", "left"))
    going = Going(world)
    anna = feeds(world, "anna")
    view = until(anna, lambda v: asking(v) and v.controlling)
    assert view.state is not None
    assert view.state.question is not None
    assert view.state.question.cause == "not seated"
    assert [step.part for step in view.state.steps] == ["left", "right", "top"]
    ben = feeds(world, "ben")
    watching = until(ben, asking)
    assert not watching.controlling
    assert watching.state is not None
    assert watching.state.operator == "anna (operator)"
    with pytest.raises(Unheard, match=r"ben \(operator\) is not in control, anna"):
        ben.send(Retry())
    with pytest.raises(Unheard, match="is in control"):
        ben.take()
    assert anna.send(Remark("the tray is crooked")) == "noted"
    assert anna.send(Jog(z_m=0.002)) == "moved by (+0.0, +0.0, +2.0) mm, +0.0°"
    with pytest.raises(Unheard, match="nothing is paused"):
        anna.send(Resume())
    assert anna.send(Retry(elsewhere=True)) == "retry from another start"
    assert going.over().state is RunState.ASSEMBLED
    assert until(ben, lambda v: bool(v.state and v.state.outcome)).state.outcome == "assembled"
    said = [e.data for e in world.journal.events(going.result.run) if e.kind == "operator"]
    assert [(d["who"], d["wish"]) for d in said] == [
        ("anna (operator)", wish) for wish in ("note", "jog", "retry from another start")
    ]
    assert all(d["at"] for d in said)


def test_a_watcher_may_stop(make_world: Make, feeds: Any) -> None:
    world = make_world(("jam", "left"))
    going = Going(world)
    until(feeds(world, "anna"), lambda v: asking(v) and v.controlling)
    ben = feeds(world, "ben", watch=True)
    until(ben, asking)
    assert ben.send(Halt()) == "stopping"
    assert going.over().state is RunState.INTERRUPTED


def test_an_operator_who_leaves_makes_room(make_world: Make, feeds: Any) -> None:
    world = make_world(("jam", "left"))
    going = Going(world)
    anna = feeds(world, "anna")
    until(anna, lambda v: asking(v) and v.controlling)
    ben = feeds(world, "ben")
    until(ben, asking)
    anna.close()
    until(ben, lambda v: v.controlling)
    ben.send(Halt())
    going.over()


def test_a_screen_finds_a_run_that_went_on_elsewhere(make_world: Make, feeds: Any) -> None:
    first = make_world(("jam", "left"))
    anna = feeds(first, "anna")
    assert until(anna, lambda v: v.trouble == "no run goes on").state is None
    for number in (1, 2):
        world = make_world(("jam", "left"))
        going = Going(world)
        until(anna, lambda v, n=number: asking(v) and v.controlling and v.state.run == n)  # type: ignore[misc]
        anna.send(Halt())
        going.over()
        assert not whereabouts_file(world.journal.runs_dir, number).exists()


def test_keys_say_who_may_do_what(make_world: Make, tmp_path: Path, feeds: Any) -> None:
    world = make_world(("jam", "left"))
    going = Going(world)
    runs_dir = world.journal.runs_dir
    trusted = keys_folder(runs_dir)
    watcher, stranger = new_key("carl", Role.WATCHER), new_key("eve", Role.OPERATOR)
    carl, _ = save(watcher, tmp_path / "carl")
    eve, _ = save(stranger, tmp_path / "eve")
    publish(watcher, trusted / "authorized")
    looking = feeds(world, "carl", key=carl)
    view = until(looking, asking)
    assert view.state is not None
    assert not view.state.operator
    with pytest.raises(Unheard, match="may watch, not control"):
        looking.take()
    kept_out = feeds(world, "eve", key=eve)
    assert "did not answer" in until(kept_out, lambda v: "bridge" in v.trouble).trouble
    assert kept_out.view().state is None
    looking.send(Halt())
    going.over()


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    keys = local_keys(tmp_path / "keys")
    assert local_keys(tmp_path / "keys") == keys
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "operator.key").stat().st_mode & 0o777 == 0o600


def test_what_a_program_cannot_do_does_not_end_it(tmp_path: Path) -> None:
    def hear(who: str, words: bytes) -> str:
        if words == b"odd":
            raise RuntimeError("odd")
        raise Refused(Refusal.UNFIT, "not now, please")

    station = Station(hear, local_keys(tmp_path / "keys"))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            station.listen(0.01)
        station.close()

    thread = threading.Thread(target=serve)
    thread.start()
    link = linked(station.whereabouts, tmp_path / "keys", "anna")
    try:
        with pytest.raises(Refused, match="not in control"):
            link.say(b"hello")
        link.take()
        with pytest.raises(Refused, match="not now, please"):
            link.say(b"hello")
        with pytest.raises(Refused, match="odd"):
            link.say(b"odd")
    finally:
        link.close()
        done.set()
        thread.join()


def test_whereabouts_of_a_dead_process_are_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "run-1.json"
    assert Whereabouts.read(path) is None
    Whereabouts("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", 2**22 - 3).write(path)
    assert Whereabouts.read(path) is None
    path.write_text("{")
    assert Whereabouts.read(path) is None


def test_a_wish_that_is_said_again_is_carried_out_once(make_world: Make, feeds: Any) -> None:
    world = make_world(("jam", "left"))
    going = Going(world)
    anna = feeds(world, "anna")
    until(anna, lambda v: asking(v) and v.controlling)
    words = numbered(Remark("once"), "4f2a")
    link = anna._link
    assert link is not None
    assert [link.say(words), link.say(words), link.say(numbered(Remark("twice"), "4f2b"))] == ["noted"] * 3
    anna.send(Halt())
    going.over()
    notes = [
        e.data["note"] for e in world.journal.events(1) if e.data and "note" in e.data and "who" in e.data
    ]
    assert notes == ["once", "twice"]


@pytest.mark.parametrize("wish", [Pause(stiff=True), Resume(), Jog(x_m=0.001), Retry(), Remark("hello")])
def test_wishes_survive_the_wire(wish: AnyWish) -> None:
    assert wish_from_bytes(wish_to_bytes(wish)) == wish
    assert number_of(wish_to_bytes(wish)) == ("", wish_to_bytes(wish))
    number, words = number_of(numbered(wish, "4f2a"))
    assert (number, wish_from_bytes(words)) == ("4f2a", wish)


@pytest.mark.parametrize(
    "words", [b"", b"{}", b'{"wish": "dance"}', b'{"wish": "pause", "hard": 1}', b'{"wish": "note"}', b"\xff"]
)
def test_words_that_are_no_wish_are_refused(words: bytes) -> None:
    with pytest.raises(Unintelligible):
        wish_from_bytes(words)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 10, bytes(70_000)])
def test_a_state_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(Unintelligible):
        state_from_bytes(data)
