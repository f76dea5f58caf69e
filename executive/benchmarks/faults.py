"""The fault campaign: a run is struck at random moments by all that can go wrong, and taken up again.

A simulated robot goes on living while bridges and clients die around it. After each blow it is measured when
the arm came to rest and whether the run could go on; at the end of each product, whether the bridge did
anything that it should not have.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from executive.benchmarks.fault_clients import Client, Clients
from executive.benchmarks.fault_journal import is_told
from executive.benchmarks.fault_tables import SAFE_HOLD_MS
from executive.journal import Journal
from executive.options import CellName, PolicyName, RunOptions
from executive.records import RunState
from hardware.proving_ground import KILLED_CLIENT, KINDS, ProvingGround
from sequences.assembly import Assembly
from sequences.files import write_whole
from skills.cell import CellError

Row = dict[str, Any]
MOMENT_S = (0.5, 10.0)
"""How long a run goes on before the next blow [s]."""
LATER = 0.1
"""Share of the blows that wait for a later phase of a step, so that these have their turn too."""
PHASES = ("picked", "carried", "inserted", "seated", "released", "step_done")
LATER_S, LONGEST_S = 3.0, 90.0
"""How long after the phase began such a blow falls at most, and how long the phase is waited for [s]."""
LOOK_S = 1.0
"""How long the robot is looked at after a blow [s]."""
ENDING_S = 10.0
"""How long a client may take to see that its run is over [s]."""
STARTING_S = 40.0
"""How long it may take until the arm of a run that is taken up moves [s]."""
TRIES = 4
"""How often a run is taken up before it is given up."""
ATTEMPTS = 200
"""At a step: each blow may cost one."""


def schedule(injections: int, seed: int, kinds: Sequence[str] = KINDS) -> list[str]:
    """What is done when: every one of ``kinds`` as often as every other, in random order."""
    rng = np.random.default_rng(seed)
    planned: list[str] = []
    while len(planned) < injections:
        planned += [str(kind) for kind in rng.permutation(np.array(kinds, dtype=object))]
    return planned[:injections]


def campaign(
    assembly: Assembly,
    injections: int,
    seed: int,
    policy: PolicyName,
    out: Path,
    told: Callable[[Row], None],
    stop_wanted: Callable[[], bool],
    *,
    kinds: Sequence[str] = KINDS,
) -> tuple[list[Row], list[Row]]:
    """Strike until there were so many ``injections``; the rows of all blows and of all products.

    ``out`` keeps rows, journals and logbooks, and the arm's way where it came to rest too late; blows that it
    holds are not repeated.
    """
    blows, products = rows_in(out / "blows.json"), rows_in(out / "products.json")
    for row in blows:
        told(row)
    planned = schedule(injections, seed, kinds)
    options = RunOptions(seed=seed, cell=CellName.SIMULATED_FR3, policy=policy, attempts=ATTEMPTS)
    while len(blows) < injections and not stop_wanted():
        number = len(products)
        with _Product(assembly, options, out, number, np.random.default_rng([seed, number])) as product:
            for row in product.struck(planned[len(blows) :], stop_wanted):
                blows.append(row)
                _keep(out / "blows.json", blows)
                told(row)
            products.append(product.summed_up(stop_wanted))
            _keep(out / "products.json", products)
    return blows, products


def rows_in(path: Path) -> list[Row]:
    """The rows that an earlier campaign left."""
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def _keep(path: Path, rows: list[Row]) -> None:
    write_whole(path, (json.dumps(rows, indent=1) + "\n").encode())


class _Product:
    """One product being assembled, blow after blow."""

    def __init__(
        self, assembly: Assembly, options: RunOptions, out: Path, number: int, rng: np.random.Generator
    ) -> None:
        self._assembly, self._options, self._out, self._number = assembly, options, out, number
        self._rng = rng
        log = out / "bridges" / f"{number}-{time.time_ns()}.jsonl"
        self._ground = ProvingGround(assembly, log, rng, seed=options.seed + number)
        self._journal = Journal(out)
        self._clients = Clients(self._journal)

    def __enter__(self) -> "_Product":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clients.kill()
        self._journal.close()
        self._ground.__exit__(kind, error, trace)

    def struck(self, kinds: list[str], stop_wanted: Callable[[], bool]) -> Iterator[Row]:
        """Strike with each of ``kinds`` until the product is over; a row for each blow."""
        if not self._taken_up():
            return
        for kind in kinds:
            ends = time.monotonic() + float(self._rng.uniform(*MOMENT_S))
            if self._rng.uniform() < LATER:
                if not self._waited_for(str(self._rng.choice(PHASES)), stop_wanted):
                    return
                ends = time.monotonic() + float(self._rng.uniform(0.0, LATER_S))
            while time.monotonic() < ends or not self._ground.moving():
                if stop_wanted() or not self._goes_on():
                    return
                time.sleep(0.02)
            yield self._struck(kind)

    def summed_up(self, stop_wanted: Callable[[], bool]) -> Row:
        """Let the run come to its end; how it ended, and what the bridge did in all."""
        while not stop_wanted() and self._goes_on():
            time.sleep(0.1)
        judged = self._ground.judged()
        return {
            "product": self._number,
            "run": self._clients.run,
            "state": str(self._clients.state),
            "starts": self._clients.starts,
            "commands": judged.commands,
            "refused": judged.refused,
            "wrong": [asdict(wrong) for wrong in judged.wrong],
            "log": str(self._ground.log),
        }

    def _waited_for(self, phase: str, stop_wanted: Callable[[], bool]) -> bool:
        """Let the run go on to ``phase``, or as long as that may take; False when it is over first."""
        ends, told = time.monotonic() + LONGEST_S, len(self._journal.events(self._clients.run or 0))
        while time.monotonic() < ends:
            if stop_wanted() or not self._goes_on():
                return False
            if any(event.kind == phase for event in self._journal.events(self._clients.run or 0, after=told)):
                return True
            time.sleep(0.05)
        return True

    # -- one blow ------------------------------------------------------------------------------------

    def _struck(self, kind: str) -> Row:
        before = self._journal.events(self._clients.run or 0)
        blow = self._ground.strike(kind)
        if kind == KILLED_CLIENT:
            self._clients.kill()
        time.sleep(max(LOOK_S, min(blow.duration_s, LOOK_S) + 0.5))
        ended = time.monotonic()
        stopped_s = self._ground.stopped_s(blow)
        rest = None if stopped_s is None else self._ground.rest_after(stopped_s, ended)
        if rest is not None and 1000.0 * rest.after_s > SAFE_HOLD_MS:
            self._ground.keep_trail(self._out / "trails" / f"{blow.at_s:.3f}.npz", blow.at_s, ended)
        lines = self._ground.lines(blow.at_s, ended)
        late_s = sum(float(str(line["by_s"])) for line in lines if line["kind"] == "overslept")
        went_on = stopped_s is None and self._goes_on(look_only=True)
        resumed = False if went_on else self._resumed()
        events = self._journal.events(self._clients.run or 0)[len(before) :]
        return {
            "kind": kind,
            "product": self._number,
            "during": before[-1].kind,
            "at_s": round(blow.at_s, 3),
            "stopped": stopped_s is not None,
            "rest_ms": None if rest is None else round(1000.0 * rest.after_s),
            "behind_ms": 0 if rest is None else round(1000.0 * rest.behind_s),
            "overslept_ms": round(1000.0 * late_s),
            "went_on": went_on,
            "resumed": resumed,
            "journaled": stopped_s is None or is_told(blow, lines, events),
        }

    def _resumed(self) -> bool:
        """Wait for the client to end, mend what is broken and take the run up."""
        ends = time.monotonic() + ENDING_S
        while self._clients.alive and time.monotonic() < ends:
            time.sleep(0.02)
        self._clients.kill()
        return self._clients.state is RunState.ASSEMBLED or self._taken_up()

    def _goes_on(self, *, look_only: bool = False) -> bool:
        """Whether the run is being driven; one that broke off by itself is taken up."""
        if self._clients.alive:
            return True
        over = self._clients.state in (RunState.ASSEMBLED, RunState.FAILED)
        return not over and (look_only is False) and self._taken_up()

    # -- clients -------------------------------------------------------------------------------------

    def _taken_up(self) -> bool:
        """Start a client and wait until it moves the arm; whether it does."""
        for _ in range(TRIES):
            try:
                self._ground.mend()
            except CellError:
                continue
            self._start()
            ends = time.monotonic() + STARTING_S
            while self._clients.alive and time.monotonic() < ends:
                if self._ground.moving() and self._clients.driven():
                    return True
                time.sleep(0.05)
            if self._clients.state is RunState.ASSEMBLED:
                return True
            self._clients.kill()
        return False

    def _start(self) -> None:
        network, clients = self._ground.network, self._clients
        clients.start(
            Client(
                commands=network.commands,
                states=network.states,
                assembly=self._assembly.model_dump_json(),
                options=self._options,
                runs_dir=self._out,
                run=clients.run,
                seed=(self._options.seed, self._number, clients.starts),
                log=str(self._ground.log),
            )
        )
