"""A small world: a product of three parts, routines of a few lines, and a cell without physics."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.spatial.transform import RigidTransform, Rotation

from executive.journal import Journal
from executive.kit import Kit, insertions_of
from executive.options import RunOptions
from executive.records import RunResult
from executive.run import Bench, assemble
from sequences.assembly import Assembly, Step
from skills.cell import Cell
from skills.fake import EXACT, FakeCell
from skills.insertion import Attempt, Insertion
from skills.routine import Cause, Progress
from skills.start import initializations
from skills.trouble import Trouble, TroubleKind

PEG = {"rectangle": {"size_mm": [12, 12]}}
HOLES = [{**PEG, "at_mm": [x, 0], "grow_mm": 0.5} for x in (-24, 24)]


def peg(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "layers": [{"from_mm": 0, "to_mm": 30, "shape": PEG}],
        "density_kg_m3": 1200,
        "grasps": [{"position_mm": [0, 0, 22], "width_mm": 12}],
    }


def plan(**overrides: Any) -> dict[str, Any]:
    """Two pegs in a plate and a bridge over both: parts ``left``, ``right`` and ``top``."""
    plate = {"rectangle": {"size_mm": [90, 50]}}
    bar = {"rectangle": {"size_mm": [80, 26]}}
    base = {
        "title": "Plate",
        "density_kg_m3": 1200,
        "layers": [
            {"from_mm": 0, "to_mm": 4, "shape": plate},
            {"from_mm": 4, "to_mm": 14, "shape": {"cut": [plate, *HOLES]}},
        ],
    }
    top = {
        "title": "Bridge",
        "density_kg_m3": 1200,
        "layers": [
            {"from_mm": 0, "to_mm": 21, "shape": {"cut": [bar, *HOLES]}},
            {"from_mm": 21, "to_mm": 42, "shape": PEG},
        ],
        "grasps": [{"position_mm": [0, 0, 32], "width_mm": 12}],
    }
    steps = [
        {"part": "left", "goal": {"position_mm": [-24, 0, 4]}, "mates": ["plate"], "depth_mm": 10},
        {"part": "right", "goal": {"position_mm": [24, 0, 4]}, "mates": ["plate"], "depth_mm": 10},
        {"part": "top", "goal": {"position_mm": [0, 0, 14]}, "mates": ["left", "right"], "depth_mm": 20},
    ]
    alike = {"left": 4, "right": 4, "top": 2}
    return {
        "format": "dovetail-assembly/1",
        "name": "bridge",
        "title": "Two pegs and a bridge",
        "summary": "A bridge over two pegs in a plate.",
        "parts": {"plate": base, "left": peg("Left peg"), "right": peg("Right peg"), "top": top},
        "base": {"part": "plate", "pose": {"position_mm": [450, 0, 20]}},
        "tray": {
            "height_mm": 0,
            "places": {
                "left": {"position_mm": [400, 200]},
                "right": {"position_mm": [480, 200]},
                "top": {"position_mm": [440, -200]},
            },
        },
        "steps": [{"skill": f"insert-{s['part']}", "symmetry": alike[str(s["part"])], **s} for s in steps],
        **overrides,
    }


def insertion_of(assembly: Assembly, step: Step) -> Insertion:
    return insertions_of(assembly)[step.part]


class Stub:
    """A routine that goes through a few poses and then closes, opens or checks."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt, self.cause, self.message = attempt, None, ""
        self.path: list[Callable[[Cell], None]] = []
        self.got = False

    cause: Cause | None
    act: Callable[["Stub", Cell], None]
    check: Callable[["Stub", Cell], Cause | None]

    def start(self, cell: Cell) -> None:
        self.act(cell)

    def update(self, cell: Cell) -> Progress:
        self.message = f"{type(self).__name__.lower()} {self.attempt.insertion.part}"
        if cell.observe().moving:
            return Progress.RUNNING
        if self.path:
            self.path.pop(0)(cell)
            return Progress.RUNNING
        self.cause = self.check(cell)
        return Progress.SUCCEEDED if self.cause is None else Progress.FAILED


def go(pose: RigidTransform, up: float = 0.0) -> Callable[[Cell], None]:
    above = RigidTransform.from_translation([0, 0, up]) * pose
    return lambda cell: cell.move(above, speed=2.0)


def stub(
    name: str,
    act: Callable[[Any, Cell], None],
    check: Callable[[Any, Cell], Cause | None] = lambda self, cell: None,
) -> Callable[[Attempt], Stub]:
    return type(name, (Stub,), {"act": act, "check": check})


def _held(otherwise: Cause) -> Callable[[Stub, Cell], Cause | None]:
    return lambda self, cell: None if cell.observe().grasped else otherwise


def _pick(self: Stub, cell: Cell) -> None:
    place = cell.locate(self.attempt.insertion.part).pose_in_base * self.attempt.insertion.tcp_in_plug
    cell.release()

    def lift(cell: Cell) -> None:
        self.got = cell.observe().grasped
        go(place, 0.1)(cell)

    self.path = [go(place, 0.1), go(place), lambda c: c.grasp(0.012), lift]


def _picked(self: Stub, cell: Cell) -> Cause | None:
    if cell.observe().grasped:
        return None
    return Cause.SLIP if self.got else Cause.GRASP_MISSED


def _carry(self: Stub, cell: Cell) -> None:
    self.path = [go(self.attempt.start_in_base * self.attempt.insertion.tcp_in_plug)]


def _push(self: Stub, cell: Cell) -> None:
    self.path = [go(self.attempt.goal_in_base * self.attempt.insertion.tcp_in_plug, -0.003)]


def _height(self: Stub, cell: Cell) -> Cause | None:
    plug = cell.observe().tcp_in_base * self.attempt.insertion.tcp_in_plug.inv()
    error = plug.translation[2] - self.attempt.goal_in_base.translation[2]
    return Cause.NOT_SEATED if abs(error) > 0.0025 else None


def _let_go(self: Stub, cell: Cell) -> None:
    tcp = cell.observe().tcp_in_base
    self.attempt.released_tcp = tcp
    self.path = [lambda c: c.release(), go(tcp, 0.1)]


def _lift(self: Stub, cell: Cell) -> None:
    self.path = [go(cell.observe().tcp_in_base, 0.08)]


def _put_back(self: Stub, cell: Cell) -> None:
    place = cell.locate(self.attempt.insertion.part).pose_in_base * self.attempt.insertion.tcp_in_plug
    self.path = [go(place, 0.1), go(place), lambda c: c.release(), go(place, 0.1)]


def _inspect(self: Stub, cell: Cell) -> None:
    assert self.attempt.released_tcp is not None
    tcp = self.attempt.released_tcp
    self.path = [go(tcp, 0.1), go(tcp), lambda c: c.grasp(0.012)]


def _stand_back(self: Stub, cell: Cell) -> None:
    self.path = [lambda c: c.release(), go(cell.observe().tcp_in_base, 0.1)]


def _stands(self: Stub, cell: Cell) -> Cause | None:
    found = cell.observe().grasped
    cell.release()
    return None if found else Cause.PART_DISPLACED


def stub_kit(**overrides: Any) -> Kit:
    """Routines of a few lines: straight motions, no search."""
    makers: dict[str, Any] = {
        "insertion_of": insertion_of,
        "initializations": initializations,
        "pick": stub("Pick", _pick, _picked),
        "carry": stub("Carry", _carry, _held(Cause.SLIP)),
        "policy": stub("Push", _push),
        "check_seated": stub("CheckSeated", lambda s, c: None, _height),
        "let_go": stub("LetGo", _let_go),
        "lift_clear": stub("LiftClear", _lift),
        "put_back": stub("PutBack", _put_back),
        "regrasp": stub("Regrasp", _inspect, _held(Cause.PART_DISPLACED)),
        "inspect": stub("Inspect", _inspect, _held(Cause.PART_DISPLACED)),
        "stand_back": stub("StandBack", _stand_back),
        "check_placed": stub("CheckPlaced", _inspect, _stands),
    }
    return Kit(**{**makers, **overrides})


class Lasting:
    """A cell whose world is there but cannot be written down, like a real one."""

    def __init__(self, cell: FakeCell) -> None:
        self._cell = cell

    def __getattr__(self, name: str) -> Any:
        if name in ("snapshot", "restore"):
            raise AttributeError(name)
        return getattr(self._cell, name)


@dataclass
class World:
    """Everything a run needs, and the ways to run it."""

    assembly: Assembly
    cell: FakeCell
    journal: Journal
    kit: Kit

    @property
    def bench(self) -> Bench:
        return Bench(self.cell, lambda cell, step: cell.truth(step))  # type: ignore[attr-defined]

    @property
    def lasting(self) -> Bench:
        """The same bench as a robot's: nothing on it can be restored."""
        return Bench(Lasting(self.cell), self.bench.truth)  # type: ignore[arg-type]

    def run(self, options: RunOptions | None = None, **more: Any) -> RunResult:
        return assemble(
            self.assembly, self.bench, options or RunOptions(), self.journal, kit=self.kit, **more
        )


@pytest.fixture(autouse=True)
def no_skills_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skills that were trained on this machine do not get into tests."""
    monkeypatch.setenv("DOVETAIL_SKILLS", str(tmp_path / "skills"))


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """A maker of worlds; troubles are (kind, part) or (kind, part, times); ``loose``: no mates, and
    the pegs stick out of the bridge, so that they can be felt at the end; ``pegs_only``: no bridge."""

    def make(
        *troubles: tuple[Any, ...],
        kit: Kit | None = None,
        noise: Any = EXACT,
        loose: bool = False,
        pegs_only: bool = False,
    ) -> World:
        content = plan()
        if pegs_only:
            content["steps"] = content["steps"][:2]
            del content["parts"]["top"], content["tray"]["places"]["top"]
        if loose:
            content["steps"] = [{**step, "mates": ["plate"]} for step in content["steps"]]
            low, hub = content["parts"]["top"]["layers"]
            content["parts"]["top"]["layers"] = [{**low, "to_mm": 8}, {**hub, "from_mm": 8}]
        assembly = Assembly.model_validate(content)
        insertions = {step.part: insertion_of(assembly, step) for step in assembly.steps}
        scripted = [Trouble(TroubleKind(t[0]), *t[1:]) for t in troubles]
        cell = FakeCell(assembly, insertions, troubles=scripted, noise=noise)
        return World(assembly, cell, Journal(tmp_path / "runs"), kit or stub_kit())

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def tilted() -> RigidTransform:
    return RigidTransform.from_components([0.1, -0.2, 0.3], Rotation.from_rotvec([0.1, 0.2, np.pi / 3]))


@pytest.fixture
def product_file(tmp_path: Path) -> Path:
    """The bridge as a file."""
    path = tmp_path / "bridge.yaml"
    path.write_text(yaml.safe_dump(plan()))
    return path


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the file of that name; ``DOVETAIL_GOLDEN=write`` writes the files anew."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        text = "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"
        if os.environ.get("DOVETAIL_GOLDEN") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
