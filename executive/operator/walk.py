"""A scripted operator: goes through every request of the protocol by keys, on what it reads on the screen.

The script waits for words on the screen and for nothing else, so that it takes its time on a busy machine.
What goes wrong is done by hands (:mod:`executive.operator.hands`) that notes tell what to do.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

LOOK_EVERY_S = 0.1
PATIENCE_S = 120.0
SIZE = (100, 30)
"""Columns and rows of the terminal."""
PRODUCT = "gearbox"


@dataclass(frozen=True, slots=True)
class Until:
    """Wait for words, a regular expression, on the screen."""

    words: str


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, by Textual's names."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    """Keep the screen."""

    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """Start ``dovetail`` with these words once the one before has ended."""

    words: tuple[str, ...]


Beat = Until | Press | Shot | Command


class Terminal(Protocol):
    """A screen with keys."""

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        ...

    def text(self) -> str:
        """What stands on the screen."""
        ...


class Stuck(Exception):
    """The screen never showed what was waited for; the message holds what it did show."""


def script(*, jams: bool) -> Iterator[Beat]:
    """The whole walk; with ``jams`` parts jam in the scripted cell, else attempts are broken off by keys."""
    asks = ("--attempts", "1" if jams else "3", "--on-failure", "ask")
    yield Command(("run", PRODUCT, *asks, "--noise", "none", "--paused"))
    yield from (Until("PAUSED, STIFF"), Shot("paused"))
    notes = [f"hands: {part} away" for part in ("planet_a", "carrier", "cap", "shaft")]
    notes += [f"hands: {part} jams" for part in ("planet_b", "planet_c")] if jams else []
    for note in ("the tray is crooked", *notes):
        yield from noted(note)
    yield from (Press(("space",)), Until("✓ going on"))
    for key, held in (("space", "SOFT"), ("P", "STIFF")):
        yield from (Press((key,)), Until(f"PAUSED, {held}"), Press(("space",)), Until("✓ going on"))
    yield from (Until(r"planet_a failed \d times?: grasp missed"), Shot("asking"))
    yield from noted("hands: planet_a back")
    yield from (Press(("g",)), Until("✓ regrasp"))
    yield from _in_hand("planet_b", jams=jams)
    yield from (Press(("h",)), Until("GUIDED BY HAND"), Press(("h",)), Until("✓ held stiff"))
    yield from (Press(("plus",)), *_jogged())
    yield from (Shot("moved"), Press(("r",)), Until("✓ retry from here"))
    yield from _in_hand("planet_c", jams=jams)
    yield from (Press(("e",)), Until("✓ retry from another start"))
    yield from (Until("carrier failed"), Press(("s",)), Until("stop: are you sure"), Press(("y",)))
    yield from (Until("INTERRUPTED"), Command(("resume",)), Until("carrier failed"))
    yield from noted("hands: carrier back")
    yield from (Press(("a",)), Until("abort: are you sure"), Press(("y",)), Until("■ FAILED"))
    yield from (Command(("resume",)), Until("cap failed"))
    yield from (Press(("b",)), Until("not found in place"), Shot("not_believed"))
    yield from noted("hands: cap in")
    yield from (Press(("b",)), Until("✓ done by hand"), Until("shaft failed"))
    yield from noted("hands: shaft back")
    yield from (Press(("k",)), Until("skip: are you sure"), Press(("y",)), Until("■ FAILED"))
    yield from (Command(("resume",)), Until("■ ASSEMBLED"), Shot("assembled"))


def noted(text: str) -> Iterator[Beat]:
    """A note for the journal, written and taken in."""
    keys = tuple({" ": "space", ":": "colon", "_": "underscore"}.get(sign, sign) for sign in text)
    yield from (Press(("n",)), Until("a note for the journal"), Press((*keys, "enter")), Until("✓ noted"))


def _in_hand(part: str, *, jams: bool) -> Iterator[Beat]:
    """Until the arm is held with ``part`` in the hand."""
    if jams:
        yield Until(f"{part} failed")
    else:
        yield from (Until(rf"▸ \d {part}(?s:.*)▸ policy"), Press(("space",)), Until("PAUSED, SOFT"))


def _jogged() -> Iterator[Beat]:
    for key in ("pageup", "pageup", "up", "down", "left", "right", "comma", "full_stop", "pagedown"):
        yield from (Press((key,)), Until("✓ moved by"))


async def walk(
    beats: Iterator[Beat],
    terminal: Terminal,
    start: Callable[[Sequence[str]], None],
    shot: Callable[[str, str], None],
    patience_s: float = PATIENCE_S,
) -> None:
    """Go through ``beats``. ``start`` starts a command, ``shot`` takes a screen by name.

    Raises Stuck when the screen does not show for ``patience_s`` what is waited for.
    """
    for beat in beats:
        match beat:
            case Until(words):
                await _until(words, terminal, patience_s)
            case Press(keys):
                await terminal.press(*keys)
            case Shot(name):
                shot(name, await _settled(terminal))
            case Command(words):
                start(words)


async def _until(words: str, terminal: Terminal, patience_s: float) -> None:
    ends = time.monotonic() + patience_s
    while not re.search(words, shown := terminal.text()):
        if time.monotonic() > ends:
            raise Stuck(f"never showed '{words}':\n{shown}")
        await asyncio.sleep(LOOK_EVERY_S)


async def _settled(terminal: Terminal) -> str:
    """The screen once it stands still but for its numbers."""
    before = ""
    while (now := masked(terminal.text())) != before:
        before = now
        await asyncio.sleep(5 * LOOK_EVERY_S)
    return terminal.text()


def masked(text: str, events: int | None = None) -> str:
    """A screen without what is another each time: numbers, drawings, the answer in the last line.

    With ``events`` only so many of the last events are kept: wishes fall among the others by chance.
    """
    lines, drawing = [], False
    for line in text.rstrip().splitlines()[:-1]:
        drawing = drawing and not line.startswith("─events")
        if not drawing:
            plain = re.sub(r"[ ─━]{2,}", "  ", re.sub(r"\d+(\.\d+)?", "#", line)).rstrip()
            lines += [plain] if plain else []
        drawing = drawing or line.startswith("─contact force")
    head = next((at for at, line in enumerate(lines) if line.startswith("─events")), len(lines)) + 1
    return "\n".join(lines[:head] + (lines[head:] if events is None else lines[head:][-events:]))
