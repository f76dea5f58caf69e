"""The kill campaign: runs whose executive and whose operator's screen die at random moments, taken up again.

The command and the screen are processes of their own, as a user starts them; SIGKILL leaves them no time for
anything. Meanwhile an operator notes, pauses and retries. In the end every journal must hold: what it held at
each death, each step done once, and every wish that had been answered.
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from executive.benchmarks.kill_check import troubles
from executive.journal import Event, Journal
from executive.operator.helper import Helper, Screen
from executive.options import CellName, PolicyName
from executive.records import RunState
from sequences.files import write_whole

Row = dict[str, Any]
MOMENT_S = (0.3, 9.0)
"""How long a run or a screen lives at least and at most [s]."""
STARTING = 0.2
"""Share of the deaths whose moment counts from the start of the program, not from when the run goes on."""
MOST_DEATHS = 4
"""Deaths around one product."""
TYPED_S = 0.6
"""How long before its death a screen is typed a note at most [s]."""
SCREENS = 0.4
"""Share of the deaths that are a screen's."""
LOOK_EVERY_S = 0.1
ENDING_S = 600.0


class Victim(StrEnum):
    """Who is killed."""

    EXECUTIVE = "executive"
    SCREEN = "screen"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is assembled meanwhile."""

    product: str
    cell: CellName
    policy: PolicyName
    runs_dir: Path
    pace: float


def campaign(
    setting: Setting,
    kills: int,
    seed: int,
    out: Path | None,
    told: Callable[[Row], None],
    stop_wanted: Callable[[], bool],
) -> tuple[list[Row], list[Row]]:
    """Kill until there were so many ``kills``; a row for each death and one for each product."""
    deaths: list[Row] = []
    products: list[Row] = []
    while len(deaths) < kills and not stop_wanted():
        rng = np.random.default_rng([seed, len(products)])
        planned = min(kills - len(deaths), int(rng.integers(1, MOST_DEATHS + 1)))
        with Product(setting, seed + len(products), rng) as product:
            for _ in range(planned):
                if (row := product.death(stop_wanted)) is None:
                    break
                deaths.append({"product": len(products), **row})
                told(deaths[-1])
            products.append(product.summed_up(stop_wanted))
        if out is not None:
            write_whole(out, (json.dumps({"deaths": deaths, "products": products}, indent=1) + "\n").encode())
    return deaths, products


class Product:
    """One product being assembled, death after death."""

    def __init__(self, setting: Setting, seed: int, rng: np.random.Generator) -> None:
        self.setting, self.seed, self.rng = setting, seed, rng
        self.journal = Journal(setting.runs_dir)
        self.run: int | None = None
        self.held: list[list[Event]] = []
        """What the journal held at each death of the executive."""
        self.starts = 0
        self._written = 0
        """How many events there were at the newest start."""
        self.helper = Helper(setting.runs_dir, rng, watch=bool(rng.integers(2)))
        self.screen = Screen(setting.runs_dir)
        self._executive: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Product":
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()
        self.screen.close()
        self.helper.close()
        self.journal.close()

    def death(self, stop_wanted: Callable[[], bool]) -> Row | None:
        """Let it go on for a while, then kill somebody; None when the product was done before."""
        lived_s = float(self.rng.uniform(*MOMENT_S))
        victim = Victim.SCREEN if self.rng.uniform() < SCREENS else Victim.EXECUTIVE
        counts = bool(self.rng.uniform() < STARTING)
        ends = time.monotonic() + lived_s
        while time.monotonic() < ends:
            if stop_wanted() or not self._goes_on():
                return None
            if not counts:
                counts = len(self._events()) > self._written
                ends = time.monotonic() + lived_s
            self.helper.help(self.screen)
            time.sleep(LOOK_EVERY_S)
        before = self._events()
        if victim is Victim.SCREEN:
            self.screen.note(f"the screen's {self.starts}-{len(self.held)}-{time.monotonic_ns()}")
            time.sleep(float(self.rng.uniform(0.0, TYPED_S)))
            self.screen.kill()
            self.screen = Screen(self.setting.runs_dir, self.screen.noted)
        else:
            self._kill()
            before = self._events()
            self.held.append(before)
            if not self._over():
                self._start()
        return {
            "victim": str(victim),
            "after_s": round(lived_s, 2),
            "during": before[-1].kind if before else "starting",
            "step": before[-1].step if before else None,
        }

    def summed_up(self, stop_wanted: Callable[[], bool]) -> Row:
        """Let the run come to its end; how it ended and what is wrong with its journal."""
        ends = time.monotonic() + ENDING_S
        while not stop_wanted() and self._goes_on() and time.monotonic() < ends:
            self.helper.help(self.screen)
            time.sleep(LOOK_EVERY_S)
        self._kill()
        if self.run is None:
            return {"run": None, "state": "not begun", "problems": ["no run was ever begun"]}
        row = self.journal.row(self.run)
        events = self._events()
        problems = troubles(row, events, self.held, self.helper.answered, self.screen.noted)
        return {
            "run": self.run,
            "state": str(row.state),
            "starts": self.starts,
            "resumed": sum(event.kind == "resumed" for event in events),
            "events": len(events),
            "answered": dict(Counter(wish.kind for wish in self.helper.answered)),
            "interventions": (row.result or {}).get("interventions"),
            "problems": problems,
        }

    # -- the executive -------------------------------------------------------------------------------

    def _start(self) -> None:
        setting = self.setting
        known = {row.run for row in self.journal.rows()}
        if self.run is None:
            words = ["run", setting.product, "--cell", str(setting.cell), "--policy", str(setting.policy)]
            words += ["--seed", str(self.seed), "--attempts", "4"]
        else:
            words = ["resume", str(self.run)]
        self._known, self._written = known, len(self._events())
        self._executive = subprocess.Popen(
            [sys.executable, "-m", "executive.main", *words, "--quiet", "--pace", f"{setting.pace:g}",
             "--runs-dir", str(setting.runs_dir)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.starts += 1

    def _goes_on(self) -> bool:
        """Whether the run is being driven; one that ended by itself and is not assembled is taken up."""
        self._find()
        if self._executive is not None and self._executive.poll() is None:
            return True
        if self._over():
            return False
        self._start()
        return True

    def _find(self) -> None:
        if self.run is None:
            new = [row.run for row in self.journal.rows() if row.run not in self._known]
            self.run = new[0] if new else None

    def _kill(self) -> None:
        if self._executive is not None:
            self._executive.send_signal(signal.SIGKILL)
            self._executive.wait()
            self._executive = None
        self._find()

    def _over(self) -> bool:
        return self.run is not None and self.journal.row(self.run).state is RunState.ASSEMBLED

    def _events(self) -> list[Event]:
        return [] if self.run is None else self.journal.events(self.run)


def summed(deaths: Sequence[Row], products: Sequence[Row]) -> Row:
    """How many of what, and everything that went wrong."""
    return {
        "kills": len(deaths),
        "by_victim": dict(Counter(row["victim"] for row in deaths)),
        "by_moment": dict(Counter(row["during"] for row in deaths).most_common()),
        "runs": len(products),
        "finished": sum(row["state"] == "assembled" for row in products),
        "answered_wishes": sum(sum(row.get("answered", {}).values()) for row in products),
        "problems": [f"run {row['run']}: {what}" for row in products for what in row["problems"]],
    }
