"""Each part by itself: its layers make one body of a sensible size and mass."""

from collections.abc import Iterator

import numpy as np

from sequences.assembly import Assembly, Part
from sequences.decompose import DecompositionError
from sequences.errors import Path, Problem
from sequences.shapes import Shape, ShapeError, polygon
from sequences.solid import Solid, SolidError, solid_of

PAYLOAD_KG = 3.0
"""What the FR3 lifts besides its hand [kg]."""
LARGEST_MM = 400.0
METRES_BELOW_MM = 0.5
"""A part whose heights are all below this was written in metres."""
MOST_OUTLINES = 200
"""Simple outlines that one part may be made of; the time to cut a part into convex pieces grows with them."""


def check_parts(assembly: Assembly) -> tuple[dict[str, Solid], list[Problem]]:
    """The solids of the parts that have one of a sensible size, and what is wrong with parts."""
    solids: dict[str, Solid] = {}
    problems: list[Problem] = []
    for name, part in assembly.parts.items():
        path = ("parts", name)
        found = list(_layers(part, path))
        if not found:
            try:
                solids[name] = solid_of(part)
            except (SolidError, ShapeError, DecompositionError) as error:
                found.append(_no_body(part, path, str(error)))
        problems += found
        if name in solids:
            problems += _mass(part, solids[name], path, lifted=name != assembly.base.part)
            too_large = list(_size(solids[name], path, "layers" if part.mesh is None else "mesh"))
            problems += too_large
            if too_large:
                del solids[name]
    return solids, problems


def _no_body(part: Part, path: Path, message: str) -> Problem:
    """A part that makes no body."""
    if part.mesh is not None:
        return Problem((*path, "mesh"), message, "run 'dovetail import' on the folder it came from")
    return Problem((*path, "layers"), message, "stack layers that touch over an area")


def _layers(part: Part, path: Path) -> Iterator[Problem]:
    """What is wrong with single layers."""
    if part.mesh is not None:
        return
    path = (*path, "layers")
    if max(abs(height) for layer in part.layers for height in (layer.from_mm, layer.to_mm)) < METRES_BELOW_MM:
        heights = [round(layer.to_mm * 1000, 3) for layer in part.layers]
        shown = ", ".join(f"{height:g}" for height in heights[:4])
        yield Problem(
            path, "is less than half a millimetre high", f"were metres meant? write to_mm as {shown}"
        )
        return
    total = 0
    for index, layer in enumerate(part.layers):
        here = (*path, index)
        if layer.to_mm <= layer.from_mm:
            hint = f"to_mm must be above from_mm, {layer.from_mm:g}"
            yield Problem((*here, "to_mm"), "leaves the layer without height", hint)
        total += outlines(layer.shape)
        if total > MOST_OUTLINES:
            hint = f"at most {MOST_OUTLINES} outlines make a part; use fewer copies"
            yield Problem((*here, "shape"), "repeats its outline too often", hint)
            continue
        try:
            polygon(layer.shape)
        except ShapeError as error:
            yield Problem((*here, "shape"), str(error), "check the sizes, what is cut away and grow_mm")


def outlines(shape: Shape) -> int:
    """Of how many simple outlines a shape is made."""
    if shape.pattern is not None:
        return len(shape.pattern.places()) * outlines(shape.pattern.shape)
    return sum(outlines(child) for child in (*(shape.union or ()), *(shape.cut or ()))) or 1


def _size(solid: Solid, path: Path, field: str) -> Iterator[Problem]:
    extent = float(np.max(solid.bounds[1] - solid.bounds[0])) * 1000
    if extent > LARGEST_MM:
        hint = f"no part may be larger than {LARGEST_MM:g} mm; lengths are millimetres"
        yield Problem((*path, field), f"is {extent:.0f} mm large", hint)


def _mass(part: Part, solid: Solid, path: Path, *, lifted: bool) -> Iterator[Problem]:
    if part.density_kg_m3 is not None and part.mass_g is not None:
        hint = f"keep one; the geometry has {solid.volume * 1e6:.3g} cm³"
        yield Problem((*path, "mass_g"), "is given beside density_kg_m3", hint)
    if lifted and solid.mass_kg > PAYLOAD_KG:
        hint = f"the robot lifts {PAYLOAD_KG:g} kg; check density_kg_m3 and the sizes"
        yield Problem(path, f"weighs {solid.mass_kg:.3g} kg", hint)
