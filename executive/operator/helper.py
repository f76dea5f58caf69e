"""Who helps runs in a campaign: an operator over the network, and a real screen on a terminal of its own."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from executive.operator.feed import LiveFeed, Unheard
from executive.operator.protocol import AnyWish, Mode, Pause, Remark, Resume, Retry

NOTES, PAUSES, RETRIES = 0.25, 0.04, 0.02
"""How likely each is when there is nothing to answer and a moment has passed."""
MOMENT_S = 1.0
"""On the run's clock: a slow machine must not have its attempts made again without end [s]."""
ROWS, COLUMNS = 30, 100


@dataclass(frozen=True, slots=True)
class Answered:
    """A wish that the run has said to have heard."""

    kind: str
    text: str = ""


class Helper:
    """An operator who notes, pauses, goes on and has attempts made again, at random.

    With ``watch`` control is left to the screen, which is then typed into where there is something to answer.
    """

    def __init__(self, runs_dir: Path, rng: np.random.Generator, *, watch: bool = False) -> None:
        self.rng = rng
        self.answered: list[Answered] = []
        self._feed = LiveFeed(runs_dir, None, "helper", watch=watch)
        self._notes = 0
        self._moment_s = float("-inf")

    def close(self) -> None:
        """Let go of the run."""
        self._feed.close()

    def help(self, screen: "Screen") -> None:
        """Do what there is to be done now, by ``screen`` if that is in control."""
        view = self._feed.view()
        state = view.state
        if state is None or view.trouble or state.outcome:
            return
        if not view.controlling:
            if state.mode is Mode.ASKING and state.operator:
                screen.press("e")
            elif state.mode is Mode.PAUSED and state.operator:
                screen.press(" ")
            return
        if state.mode is Mode.ASKING:
            self._say(Retry(elsewhere=True), Answered("retry from another start"))
        elif state.mode is Mode.PAUSED:
            self._say(Resume(), Answered("resume"))
        elif not 0.0 <= state.time_s - self._moment_s < MOMENT_S:
            self._moment_s = state.time_s
            self._say_something()

    def _say_something(self) -> None:
        chance = float(self.rng.uniform())
        if chance < NOTES:
            self._notes += 1
            text = f"the helper's {id(self)}-{self._notes}"
            self._say(Remark(text), Answered("note", text))
        elif chance < NOTES + PAUSES:
            self._say(Pause(stiff=chance < NOTES + PAUSES / 2.0), Answered("pause"))
        elif chance < NOTES + PAUSES + RETRIES:
            self._say(Retry(elsewhere=True), Answered("retry from another start"))

    def _say(self, wish: AnyWish, answered: Answered) -> None:
        with contextlib.suppress(Unheard):
            self._feed.send(wish)
            self.answered.append(answered)


class Screen:
    """``dovetail operate`` in a process of its own, on a terminal that nobody looks at."""

    def __init__(self, runs_dir: Path, noted: list[str] | None = None) -> None:
        self.noted = [] if noted is None else noted
        """Notes that were typed; whether they came through is not known."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        operate = [sys.executable, "-m", "executive.main", "operate", "--name", "screen"]
        self._process = subprocess.Popen(
            [*operate, "--runs-dir", str(runs_dir)],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(slave)
        threading.Thread(target=self._drain, name="screen", daemon=True).start()

    def press(self, keys: str) -> None:
        """Type into it; a screen that is gone hears nothing."""
        with contextlib.suppress(OSError):
            os.write(self._master, keys.encode())

    def note(self, text: str) -> None:
        """Type a note."""
        self.noted.append(text)
        self.press(f"n{text}\r")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._master)

    def close(self) -> None:
        """End it for good."""
        self.kill()

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(self._master, 65536):
                pass
