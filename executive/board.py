"""The blackboard of a run: every key that the tree's behaviours share, declared in one place.

The keys live on py_trees' blackboard, in a namespace of this board's own, so that py_trees' tools can show
them and two runs in one process do not meet.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar, cast, overload

import py_trees
from scipy.spatial.transform import RigidTransform

from executive.orders import Order
from executive.records import AttemptRecord, StepRecord
from sequences.again import obstructions, placed_last
from sequences.assembly import Assembly, Step
from skills.cell import Cell, Observation
from skills.insertion import Attempt, Insertion
from skills.routine import Cause

T = TypeVar("T")

_numbers = itertools.count(1)


class Phase(IntEnum):
    """How far an attempt has come; the order in which the phases follow each other."""

    WAITING = 0
    """The part stands in the tray, the hand is empty."""
    PICKED = 1
    """The part is in the hand, lifted."""
    CARRIED = 2
    """It is at the initialization."""
    INSERTED = 3
    """The policy takes it to be in."""
    SEATED = 4
    """The check takes it to be seated; it is still in the hand."""
    RELEASED = 5
    """The hand has let go and the part stayed."""


class Halt(StrEnum):
    """Why the whole run stopped before its end."""

    OPERATOR = "operator stop"
    FAULT = "fault"


class Key(Generic[T]):
    """A declared entry of the blackboard."""

    def __init__(self, doc: str, initial: Callable[[], T]) -> None:
        self.__doc__ = doc
        self.initial = initial
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn the key's name."""
        self.name = name

    @overload
    def __get__(self, board: None, owner: type) -> "Key[T]": ...

    @overload
    def __get__(self, board: "Board", owner: type) -> T: ...

    def __get__(self, board: "Board | None", owner: type) -> "T | Key[T]":
        """The entry's value."""
        return self if board is None else cast(T, getattr(board.client, self.name))

    def __set__(self, board: "Board", value: T) -> None:
        """Change the entry."""
        setattr(board.client, self.name, value)


@dataclass(slots=True)
class StepProgress:
    """The step in hand: what has been tried so far."""

    index: int
    tried: int = 0
    """Attempts begun."""
    spent: int = 0
    """Attempts failed since the operator was last asked."""
    began_s: float | None = None
    """When the step began, on the cell's clock [s]."""
    attempt_began_s: float = 0.0
    peak_force_n: float = 0.0
    initialization: tuple[float, ...] | None = None
    last_cause: Cause | None = None
    left_at: RigidTransform | None = None
    """Where the part was let go, in the base frame, if it could not be taken back from there."""
    helped: str = ""
    """Who stepped in during the attempt in hand, and how; empty while nobody has."""
    profile: list[tuple[float, float]] = field(default_factory=list)


class Board:
    """The blackboard of one run, typed."""

    cell: Key[Cell | None] = Key("The robot; None while a tree is only looked at.", lambda: None)
    observation: Key[Observation | None] = Key("The cell's state at this tick.", lambda: None)
    attempt: Key[Attempt | None] = Key("The attempt in hand.", lambda: None)
    phase: Key[Phase] = Key("How far it has come.", lambda: Phase.WAITING)
    progress: Key[StepProgress] = Key("The step in hand.", lambda: StepProgress(-1))
    cause: Key[Cause | None] = Key("Why the attempt in hand failed.", lambda: None)
    recover_from: Key[Cause | None] = Key("The last attempt's cause, until recovered from.", lambda: None)
    stop_requested: Key[bool] = Key("The operator wants the run to stop.", lambda: False)
    attended: Key[bool] = Key("An operator is there to be asked.", lambda: False)
    asking: Key[bool] = Key("The run waits for the operator's decision.", lambda: False)
    order: Key[Order | None] = Key("What was decided, until it is carried out.", lambda: None)
    doubtful: Key[bool] = Key("The attempt in hand was begun by a process that is gone.", lambda: False)
    halt: Key[Halt | None] = Key("Why the run stopped.", lambda: None)
    message: Key[str] = Key("What the arm is doing, for a person.", lambda: "")
    strayed: Key[set[int]] = Key(
        "Steps whose parts were displaced: where these lie, only a person can know.", set
    )
    results: Key[dict[int, StepRecord]] = Key("What came of each step that is over.", dict)
    kept: Key[dict[int, Attempt]] = Key("The attempt that placed each part.", dict)
    attempts: Key[list[AttemptRecord]] = Key("Every attempt that is over.", list)
    offset_m: Key[tuple[float, float]] = Key(
        "How far the product stands from where goals are measured, base axes x, y [m].", lambda: (0.0, 0.0)
    )
    lying_m: Key[float] = Key("How much higher than located parts lie in the tray [m].", lambda: 0.0)
    interventions: Key[int] = Key("How often somebody had to step in.", lambda: 0)

    def __init__(self, assembly: Assembly, insertion_of: Callable[[Assembly, Step], Insertion]) -> None:
        self.assembly = assembly
        self._insertion_of = insertion_of
        self._insertions: dict[int, Insertion] = {}
        self.client = py_trees.blackboard.Client(name=assembly.name, namespace=f"run{next(_numbers)}")
        for key in self.keys():
            self.client.register_key(key=key.name, access=py_trees.common.Access.WRITE)
            setattr(self.client, key.name, key.initial())

    @classmethod
    def keys(cls) -> tuple[Key[Any], ...]:
        """Every declared key."""
        return tuple(value for value in vars(cls).values() if isinstance(value, Key))

    def close(self) -> None:
        """Take the keys off py_trees' blackboard."""
        self.client.unregister(clear=True)

    def insertion(self, index: int) -> Insertion:
        """The step at ``index`` in SI units and robot terms."""
        if index not in self._insertions:
            self._insertions[index] = self._insertion_of(self.assembly, self.assembly.steps[index])
        return self._insertions[index]

    def stands_otherwise(self, index: int) -> None:
        """Take up the step at ``index`` again, among the parts that stand now instead of those before it."""
        again = placed_last(self.assembly, index, self._standing())
        self._insertions[index] = self._insertion_of(again, self.assembly.steps[index])

    def obstructions(self, index: int) -> tuple[str, ...]:
        """Why the robot cannot do the step at ``index`` among the parts that stand now; empty when it can."""
        return obstructions(self.assembly, index, self._standing())

    def _standing(self) -> list[int]:
        return [i for i, record in self.results.items() if record.seated]

    def turn_to(self, index: int) -> None:
        """Take the step at ``index`` in hand, if it is not; attempts are counted on from earlier ones."""
        if self.progress.index != index:
            tried = sum(record.step == index for record in self.attempts)
            self.progress = StepProgress(index, tried=tried, began_s=self.seen().time_s)

    def robot(self) -> Cell:
        """The cell. Raises RuntimeError while the tree has none."""
        if self.cell is None:
            raise RuntimeError("this tree has no cell: it can be shown, not ticked")
        return self.cell

    def goal(self, part: str) -> RigidTransform:
        """Where ``part`` belongs, in the base frame: measured anew, the known offset allowed for."""
        measured = self.robot().locate_goal(part).pose_in_base
        return RigidTransform.from_translation([*self.offset_m, 0.0]) * measured

    def new_attempt(self, insertion: Insertion) -> Attempt:
        """An attempt at ``insertion``, its goal measured anew and what is known of the cell allowed for."""
        return Attempt(insertion, self.goal(insertion.part), lying_m=self.lying_m)

    def seen(self) -> Observation:
        """The cell's state at this tick; read from the cell when nobody has yet."""
        return self.observation or self.robot().observe()

    def trying(self) -> Attempt:
        """The attempt in hand. Raises RuntimeError before one has begun."""
        if self.attempt is None:
            raise RuntimeError("no attempt has begun")
        return self.attempt
