"""What is the matter with a bridge and its robot, in words, and what to do about each."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hardware.cell_file import CellFile
from hardware.client import Link, LinkLost
from hardware.examination import UNDERWAY
from hardware.keys import KeyTrouble
from hardware.messages import Beat, Diagnose, Refused, State

ROUND_TRIPS = 100
LISTEN_S = 1.0
SLOW_S = 0.01
"""A round trip that takes longer is doubtful [s]."""
OLD_S = 0.02
"""A state that is older when it arrives is doubtful [s]."""
STEADY = 0.02
"""How far the robot's clock may run from the bridge's."""


class Verdict(StrEnum):
    """How a finding is to be taken."""

    WELL = "well"
    DOUBTFUL = "doubtful"
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do about it; empty when all is well."""


def check(cell: CellFile) -> Iterator[Finding]:
    """Look at everything from the keys to the gripper, in the order in which it must work."""
    try:
        settings = cell.link("check")
    except KeyTrouble as trouble:
        yield Finding("keys", Verdict.ILL, f"{trouble.path}: {trouble.what}", trouble.remedy)
        return
    local = settings.key is None
    yield Finding("keys", Verdict.WELL, "none, this machine only" if local else f"as {settings.key}")
    try:
        link = Link(settings)
    except LinkLost:
        yield Finding(
            "bridge",
            Verdict.ILL,
            f"nothing answers at {settings.command_endpoint}",
            "is 'dovetail bridge serve' running there, is the port open, and does it have this key in its "
            "folder of authorized keys? Its log says whom it turned away",
        )
        return
    try:
        yield from _linked(link, cell.bridge.state_hz)
    finally:
        link.close()


def _linked(link: Link, state_hz: float) -> Iterator[Finding]:
    yield Finding("bridge", Verdict.WELL, f"answers at {link.settings.command_endpoint}")
    yield _round_trips(link)
    states, ages = _listened(link)
    yield from _states(states, ages, state_hz)
    if states:
        yield _faults(states[-1])
    yield from _robot(link)


def _round_trips(link: Link) -> Finding:
    took = []
    for _ in range(ROUND_TRIPS):
        began = time.monotonic()
        link.ask(Beat())
        took.append(time.monotonic() - began)
    p50, p99 = statistics.median(took), sorted(took)[int(0.99 * len(took))]
    found = f"{1000 * p50:.2f} ms, 99 % within {1000 * p99:.1f} ms"
    if p99 <= SLOW_S:
        return Finding("round trip", Verdict.WELL, found)
    remedy = "use a cable, not radio; look for what else keeps either machine busy"
    return Finding("round trip", Verdict.DOUBTFUL, found, remedy)


def _listened(link: Link) -> tuple[list[State], list[float]]:
    states: list[State] = []
    ages: list[float] = []
    until = time.monotonic() + LISTEN_S
    while time.monotonic() < until:
        state = link.newest(0.1)
        if state is not None and (not states or state.n != states[-1].n):
            states.append(state)
            ages.append(link.server_now() - state.server_time_s)
    return states, ages


def _states(states: list[State], ages: list[float], state_hz: float) -> Iterator[Finding]:
    if len(states) < 2:
        remedy = "the state's port must be open too; the robot may not have answered yet, see the log"
        yield Finding("states", Verdict.ILL, "none came", remedy)
        return
    first, last = states[0], states[-1]
    passed = last.server_time_s - first.server_time_s
    rate, age = (last.n - first.n) / passed, sorted(ages)[int(0.99 * len(ages))]
    found = f"{rate:.0f} a second, 99 % younger than {1000 * max(age, 0.0):.1f} ms"
    verdict = Verdict.WELL if rate > 0.9 * state_hz and age < OLD_S else Verdict.DOUBTFUL
    remedy = "" if verdict is Verdict.WELL else "something keeps the bridge's machine busy; look at its load"
    yield Finding("states", verdict, found, remedy)
    pace = (last.time_s - first.time_s) / passed
    if abs(pace - 1.0) <= STEADY + 0.12 / passed:
        yield Finding("robot's clock", Verdict.WELL, f"runs at {pace:.3f} of the bridge's")
    else:
        remedy = "the robot does not send its state in time: check its cable, its switch, its load"
        yield Finding("robot's clock", Verdict.ILL, f"runs at {pace:.3f} of the bridge's", remedy)


def _faults(state: State) -> Finding:
    if state.latched:
        remedy = "see that nobody is in danger and nothing is caught, then 'dovetail bridge reset'"
        return Finding("faults", Verdict.ILL, f"latched stop: {state.detail}", remedy)
    if state.faults:
        remedy = "a client's recovery clears it, as 'dovetail resume' does"
        return Finding("faults", Verdict.DOUBTFUL, f"{', '.join(state.faults)}: {state.detail}", remedy)
    by = f"{state.controller} is in control" if state.controller else "nobody is in control"
    return Finding("faults", Verdict.WELL, f"none; the arm is {state.mode}, {by}")


REMEDIES = {
    "fci": (("false", "inactive", "deactivated"), "activate FCI in Desk"),
    "brakes": (("locked",), "open the brakes in Desk"),
    "robot_mode": (("UserStopped",), "release the user stop: the light must be blue"),
    "operating_mode": (("programming",), "switch Desk to execution"),
}


def _robot(link: Link) -> Iterator[Finding]:
    """What the arm says of itself."""
    until = time.monotonic() + 5.0
    try:
        info = link.ask(Diagnose()).info or {}
        while UNDERWAY in info and time.monotonic() < until:
            time.sleep(0.05)
            info = link.ask(Diagnose()).info or {}
    except Refused as refused:
        yield Finding("robot", Verdict.ILL, str(refused))
        return
    for name, found in info.items():
        bad, remedy = REMEDIES.get(name, ((), ""))
        ill = found.lower() in map(str.lower, bad)
        verdict = Verdict.ILL if ill else Verdict.WELL
        yield Finding(name.replace("_", " "), verdict, found, remedy if ill else "")
