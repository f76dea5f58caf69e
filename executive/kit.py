"""The routines that a tree is made of, as one value that tests can replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from executive.options import PolicyName
from sequences.assembly import Assembly, Step
from skills.cell import Vector
from skills.insertion import Attempt, Insertion
from skills.routine import Routine

Make = Callable[[Attempt], Routine]
"""Makes a routine for an attempt; called each time the routine is begun."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One maker for each thing that an attempt consists of."""

    insertion_of: Callable[[Assembly, Step], Insertion]
    initializations: Callable[[Insertion, int], Vector]
    """The first ``n`` starts to try: (n, 6) in the goal's frame [m, rad]."""
    pick: Make
    carry: Make
    policy: Make
    check_seated: Make
    let_go: Make
    lift_clear: Make
    put_back: Make
    regrasp: Make
    inspect: Make
    stand_back: Make
    check_placed: Make
    versions: Mapping[str, str] = field(default_factory=dict)
    """Part → version of the skill that inserts it, for records."""
    notes: tuple[str, ...] = ()
    """For a person: what is not as it was asked for."""


@lru_cache(maxsize=64)
def _insertions(assembly: str) -> dict[str, Insertion]:
    from skills.tasks import insertion_of

    loaded = Assembly.model_validate_json(assembly)
    return {step.part: insertion_of(loaded, step) for step in loaded.steps}


def insertions_of(assembly: Assembly) -> dict[str, Insertion]:
    """Part → its insertion. Geometry takes a while to work out, so it is kept from one run to the next."""
    return _insertions(assembly.model_dump_json())


def standard_kit(assembly: Assembly, name: PolicyName) -> Kit:
    """The kit of the skills floor for ``assembly``, with the policy called ``name``.

    Raises SkillError for a trained skill that cannot be used.
    """
    from executive.choice import chosen
    from executive.starts import Starts
    from skills.feeling import Inspect, LetGo
    from skills.handling import Carry, LiftClear, PutBack
    from skills.pick import Pick
    from skills.placed import CheckPlaced, StandBack
    from skills.regrasp import Regrasp
    from skills.seated import CheckSeated

    choice = chosen(assembly, name, insertions_of(assembly))
    return Kit(
        insertion_of=lambda assembly, step: insertions_of(assembly)[step.part],
        initializations=Starts(assembly, choice.known, insertions_of(assembly)),
        pick=Pick,
        carry=Carry,
        policy=lambda attempt: choice.by_part[attempt.insertion.part].make(attempt),
        check_seated=CheckSeated,
        let_go=LetGo,
        lift_clear=LiftClear,
        put_back=PutBack,
        regrasp=Regrasp,
        inspect=Inspect,
        stand_back=StandBack,
        check_placed=CheckPlaced,
        versions=choice.versions,
        notes=choice.notes,
    )
