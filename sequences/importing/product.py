"""From a folder of parts to a product: the steps of an import, one after the other.

read → unit → repair → order → settle → relieve → fit → contact → grasps → tray → check → prove
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import manifold3d

from sequences.importing.congruence import Twin, kinds, placed, unplaced
from sequences.importing.disassembly import Stuck, bases, order_of
from sequences.importing.fit import Fit, fit_of
from sequences.importing.frames import Frame, frames_of, solid_in, standing_of
from sequences.importing.grasping import Candidate, Surface, candidates, free
from sequences.importing.members import Member, thickness_mm
from sequences.importing.problems import refused
from sequences.importing.proof import MOST_ERROR_MM, Verdict, judged
from sequences.importing.reading import part_files, read
from sequences.importing.relief import Relief, relieved, too_much
from sequences.importing.repair import repaired
from sequences.importing.resting import settled
from sequences.importing.units import scale_mm
from sequences.standing import Standing

Tell = Callable[[str, float], None]
"""Told what is being done and which share of all work is over."""
OVERLAP_MM = 0.5
OVERLAP_MM3 = 1.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user fixes; everything else is found."""

    units: str = "auto"
    base: str | None = None
    order: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Product:
    """What an import has found out."""

    folder: Path
    unit: str
    base: Member
    order: list[Member]
    twins: dict[str, Twin]
    fits: dict[str, Fit]
    frames: dict[str, Frame]
    grasps: dict[str, list[Candidate]]
    verdicts: list[Verdict]
    reliefs: list[Relief] = field(default_factory=list)

    @property
    def members(self) -> list[Member]:
        """The base and then the parts in their order."""
        return [self.base, *self.order]


def found_in(folder: Path, wishes: Wishes, tell: Tell = lambda what, share: None) -> Product:
    """Everything that a product needs, worked out from the parts in ``folder``. Raises AssemblyError."""
    tell("reading", 0.0)
    raws = [raw for path in part_files(folder) for raw in read(path)]
    _distinct(folder, [raw.name for raw in raws])
    unit, factor = scale_mm(folder, raws, wishes.units)
    members: list[Member] = []
    for index, raw in enumerate(raws):
        tell(f"cutting {raw.name} into convex pieces", 0.05 + 0.3 * index / len(raws))
        drawn = repaired(raw, factor)
        members.append(Member(drawn.name, drawn.file, drawn.body, drawn.notes))
        _ = members[-1].pieces
    _no_overlap(folder, members)
    _known(folder, wishes, members)
    tell("looking for an order", 0.35)
    base, order = _ordered(folder, members, _Hold(members), wishes)
    tell("making room", 0.5)
    twins = kinds(order)
    order, falls, reliefs = with_room(folder, base, order, twins)
    fits: dict[str, Fit] = {}
    for index, part in enumerate(order):
        tell(f"measuring the fit of {part.name}", 0.6 + 0.1 * index / len(order))
        fits[part.name] = fit_of(part, [base, *order[:index]])
    tell("shaping parts", 0.7)
    frames = frames_of(base, order, twins, fits, falls)
    tell("looking for grasps", 0.75)
    grasps = _grasps(folder, base, order, frames)
    verdicts = []
    for index, part in enumerate(order):
        tell(f"proving the contact of {part.name}", 0.85 + 0.15 * index / len(order))
        verdicts.append(judged(part, [base, *order[:index]], fits[part.name]))
    _proved(folder, verdicts)
    return Product(folder, unit, base, order, twins, fits, frames, grasps, verdicts, reliefs)


def _distinct(folder: Path, names: Sequence[str]) -> None:
    double = sorted({name for name in names if list(names).count(name) > 1})
    if double:
        raise refused(folder, f"has two parts called '{double[0]}'", "give every file a name of its own")
    if len(names) < 2:
        raise refused(folder, "holds one part only", "an assembly has two parts or more")


def _known(folder: Path, wishes: Wishes, members: Sequence[Member]) -> None:
    names = [member.name for member in members]
    for wish in (*([wishes.base] if wishes.base else []), *wishes.order):
        if wish not in names:
            raise refused(folder, f"has no part '{wish}'", f"there is {', '.join(names)}")
    once = len(wishes.order) == len(set(wishes.order)) == len(names) - 1
    if wishes.order and (not once or wishes.base in wishes.order):
        hint = "name every part but the base once: --order a,b,c"
        raise refused(folder, f"cannot be put together in the order {', '.join(wishes.order)}", hint)


def _no_overlap(folder: Path, members: Sequence[Member]) -> None:
    for index, one in enumerate(members):
        for two in members[:index]:
            common = one.body ^ two.body
            if common.volume() > OVERLAP_MM3 and thickness_mm(common) > OVERLAP_MM:
                message = (
                    f"is drawn into '{two.name}': they share {common.volume():.3g} mm³, "
                    f"{thickness_mm(common):.2f} mm thick"
                )
                hint = "export every part in its assembled pose, and check that they do not interpenetrate"
                raise refused(folder, message, hint, one.name)


class _Hold:
    """Whether parts can be grasped where they are drawn, worked out once for each."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._standing = {member.name: standing_of(member) for member in members}
        self._found: dict[str, list[Candidate]] = {}

    def __call__(self, part: Member, others: Sequence[Member]) -> str:
        if part.name not in self._found:
            self._found[part.name] = candidates(Surface(self._standing[part.name].solid))
        kept, why = free(
            self._found[part.name], self._standing[part.name], [self._standing[o.name] for o in others]
        )
        return "" if kept else why


def _ordered(
    folder: Path, members: Sequence[Member], hold: _Hold, wishes: Wishes
) -> tuple[Member, list[Member]]:
    """The base and the order of the rest. Raises AssemblyError that names what is stuck."""
    wanted = wishes.base
    if wishes.order and wanted is None:
        wanted = next(member.name for member in members if member.name not in wishes.order)
    tried = [member for member in bases(members) if wanted in (None, member.name)]
    first: list[Stuck] = []
    for base in tried[:3]:
        order, stuck = order_of(members, base, hold, wishes.order)
        if not stuck:
            return base, order
        first = first or stuck
    worst = first[0]
    raise refused(folder, worst.why, worst.hint, worst.part)


def with_room(
    folder: Path, base: Member, order: Sequence[Member], twins: dict[str, Twin]
) -> tuple[list[Member], dict[str, float], list[Relief]]:
    """Each part where it rests, with room to get there, equal parts still equal; how far each was lowered
    [mm]; and what was taken off. Raises AssemblyError."""
    standing, reliefs, falls = [base], [], {}
    for part in order:
        rested, falls[part.name] = settled(part, standing)
        after, relief = relieved(rested, standing)
        if relief is not None:
            if too_much(relief):
                raise refused(
                    folder,
                    f"fits so tightly that {relief.depth_mm:.2f} mm would have to be taken off it, "
                    f"{relief.volume_mm3:.3g} mm³ in all",
                    f"draw more room between it and {', '.join(relief.against)}",
                    part.name,
                )
            reliefs.append(relief)
        standing.append(after)
    changed = {twins[relief.part].first for relief in reliefs}
    return _equal_again(standing[1:], twins, falls, changed), falls, reliefs


def _equal_again(
    order: Sequence[Member], twins: dict[str, Twin], falls: dict[str, float], changed: set[str]
) -> list[Member]:
    """Parts of one kind lose what any of them has lost."""
    shapes: dict[str, manifold3d.Manifold] = {}
    for member in order:
        twin = twins[member.name]
        drawn = member.body.translate((0.0, 0.0, falls[member.name]))
        home = unplaced(drawn, twin.yaw_deg, twin.shift_mm)
        shapes[twin.first] = shapes[twin.first] ^ home if twin.first in shapes else home
    result = []
    for member in order:
        twin = twins[member.name]
        if twin.first not in changed:
            result.append(member)
            continue
        body = placed(shapes[twin.first].simplify(0.002), twin.yaw_deg, twin.shift_mm)
        result.append(member.with_body(body.translate((0.0, 0.0, -falls[member.name]))))
    return result


def _grasps(
    folder: Path, base: Member, order: Sequence[Member], frames: dict[str, Frame]
) -> dict[str, list[Candidate]]:
    """For each part the grasps that are free at its goal, the same for equal parts where that can be."""
    by_name = {part.name: part for part in order}
    solids = {
        part.name: solid_in(part, frames[part.name]) for part in order if frames[part.name].shape == part.name
    }
    found = {name: candidates(Surface(solid)) for name, solid in solids.items()}
    standing = [Standing(base.name, solid_in(base, frames[base.name]))]
    kept: dict[str, list[Candidate]] = {}
    for part in order:
        frame = frames[part.name]
        goal = frame.goal(frames[base.name])
        here = Standing(part.name, solids[frame.shape], goal.position_mm, goal.yaw_deg)
        possible = kept.get(frame.shape) or found[frame.shape]
        kept[part.name], why = free(possible, here, standing)
        if not kept[part.name]:
            kept[part.name], why = free(found[frame.shape], here, standing)
        if not kept[part.name]:
            raise refused(
                folder, f"cannot be grasped at its place: {why}", "make it narrower or higher", part.name
            )
        standing.append(here)
    for part in order:  # what one of a kind cannot use, none does, so that they share a skill
        kind = [name for name in by_name if frames[name].shape == frames[part.name].shape]
        common = [g for g in kept[part.name] if all(g in kept[name] for name in kind)]
        kept[part.name] = common or kept[part.name]
    return kept


def _proved(folder: Path, verdicts: Sequence[Verdict]) -> None:
    worst = max(verdicts, key=lambda verdict: verdict.error_mm)
    if worst.error_mm > MOST_ERROR_MM:
        message = (
            f"cannot be simulated truly: its contact geometry adds {worst.added_mm:.3f} mm and takes "
            f"{worst.lost_mm:.3f} mm of clearance, and penetrates by {worst.penetration_mm:.3f} mm"
        )
        hint = (
            f"at most {MOST_ERROR_MM:g} mm are let pass; export it and its mates with finer or cleaner meshes"
        )
        raise refused(folder, message, hint, worst.part)
