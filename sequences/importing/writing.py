"""A product on disk: the sequence file, each shape's surface and contact record, and a report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sequences.assembly import Assembly
from sequences.files import write_whole
from sequences.importing.frames import written
from sequences.importing.layout import BASE_MM, TRAY_HEIGHT_MM, laid_out
from sequences.importing.members import Member
from sequences.importing.product import Product
from sequences.load import parse
from sequences.mesh_files import MeshParts, solid_from

DENSITY_KG_M3 = 1200.0
"""Printed plastic."""
LEAST_MASS_G = 25.0
"""Contact gives way in inverse proportion to the mass: the pads would sink into a lighter part."""
COLOURS = ("#2b4c7e", "#a44a3f", "#7f8c5a", "#c58f3a", "#54718f", "#7f4f24", "#5d5d81", "#b0764f")


def write(
    product: Product, name: str, out: Path, density_kg_m3: float = DENSITY_KG_M3
) -> tuple[Path, Assembly]:
    """Write the product to ``out`` and read it again as any other, with all its checks.

    Raises AssemblyError, OSError.
    """
    shapes = _shapes(product)
    sheet = _sheet(product, name, shapes, density_kg_m3)
    for shape, files in shapes.items():
        write_whole(out / "parts" / f"{shape}.obj", files.surface)
        write_whole(out / "parts" / f"{shape}.contact.json", files.contact)
    text = f"# Made by 'dovetail import' from {product.folder.name}; lengths in {product.unit} there.\n"
    text += yaml.safe_dump(sheet, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    path = out / f"{name}.yaml"
    assembly = parse(text.encode(), str(path))
    return write_whole(path, text.encode()), assembly


def _shapes(product: Product) -> dict[str, MeshParts]:
    """The files of each shape, by the part that it belongs to first."""
    own = [part for part in product.members if product.frames[part.name].shape == part.name]
    return {part.name: written(part, product.frames[part.name]) for part in own}


def _sheet(product: Product, name: str, shapes: dict[str, MeshParts], density: float) -> dict[str, Any]:
    base = product.base.name
    solids = {shape: solid_from(files, shape, shape, None, density) for shape, files in shapes.items()}
    waiting = {
        part.name: (
            solids[product.frames[part.name].shape],
            [candidate.grasp for candidate in product.grasps[part.name]],
        )
        for part in product.order
    }
    goals = {part.name: product.frames[part.name].goal(product.frames[base]) for part in product.order}
    places = laid_out(str(product.folder), waiting, solids[base], goals)
    colours = {shape: COLOURS[index % len(COLOURS)] for index, shape in enumerate(shapes)}
    return {
        "format": "dovetail-assembly/1",
        "name": name,
        "title": name.replace("_", " ").replace("-", " ").capitalize(),
        "summary": f"Imported from {product.folder.name}.",
        "parts": {
            part.name: {
                "title": part.name.replace("_", " ").replace("-", " ").capitalize(),
                "colour": colours[product.frames[part.name].shape],
                "mass_g": _mass_g(part, density),
                "mesh": {
                    "surface": f"parts/{product.frames[part.name].shape}.obj",
                    "contact": f"parts/{product.frames[part.name].shape}.contact.json",
                    "sha256": shapes[product.frames[part.name].shape].sha256,
                },
                "grasps": [
                    {
                        "position_mm": [float(value) for value in candidate.grasp.position_mm],
                        "yaw_deg": candidate.grasp.yaw_deg,
                        "width_mm": candidate.grasp.width_mm,
                    }
                    for candidate in product.grasps.get(part.name, [])
                ],
            }
            for part in product.members
        },
        "base": {"part": base, "pose": {"position_mm": list(BASE_MM)}},
        "tray": {
            "height_mm": TRAY_HEIGHT_MM,
            "places": {
                part: {"position_mm": [float(value) for value in place.position_mm]}
                for part, place in places.items()
            },
        },
        "steps": [_step(product, name, part.name) for part in product.order],
    }


def _mass_g(part: Member, density_kg_m3: float) -> float:
    """What a part weighs, and no less than contact can be simulated with."""
    return round(max(float(part.body.volume()) * density_kg_m3 * 1e-6, LEAST_MASS_G), 2)


def _step(product: Product, name: str, part: str) -> dict[str, Any]:
    fit, frame = product.fits[part], product.frames[part]
    goal = frame.goal(product.frames[product.base.name])
    return {
        "part": part,
        "skill": f"{name}/{frame.shape}",
        "goal": {"position_mm": [float(value) for value in goal.position_mm], "yaw_deg": float(goal.yaw_deg)},
        "mates": list(fit.mates),
        "clearance_mm": round(float(np.clip(fit.play_mm, 0.05, 3.0)), 2),
        "depth_mm": float(fit.depth_mm),
        "symmetry": fit.symmetry,
    }


def report_of(product: Product, name: str, path: Path) -> dict[str, Any]:
    """What an import did and found, as plain values."""
    return {
        "product": name,
        "file": str(path),
        "folder": str(product.folder),
        "unit": product.unit,
        "base": product.base.name,
        "order": [part.name for part in product.order],
        "parts": {
            part.name: {
                "notes": part.notes,
                "triangles": part.body.num_tri(),
                "pieces": len(part.pieces),
                "shape": product.frames[part.name].shape,
            }
            for part in product.members
        },
        "relieved": [
            {
                "part": relief.part,
                "against": list(relief.against),
                "removed_mm3": round(relief.volume_mm3, 3),
                "thickness_mm": round(relief.depth_mm, 3),
                "from_mm": [round(value, 2) for value in relief.low],
                "to_mm": [round(value, 2) for value in relief.high],
            }
            for relief in product.reliefs
        ],
        "contact": [
            {
                "part": verdict.part,
                "mates": list(verdict.mates),
                "play_mm": verdict.play_mm,
                "added_mm": verdict.added_mm,
                "lost_mm": verdict.lost_mm,
                "penetration_mm": verdict.penetration_mm,
                "pieces": verdict.pieces,
            }
            for verdict in product.verdicts
        ],
        "grasps": {
            part: [
                {**candidate.grasp.model_dump(mode="json"), "pad_area_mm2": round(candidate.area_mm2, 1)}
                for candidate in found
            ]
            for part, found in product.grasps.items()
        },
    }


def write_report(report: dict[str, Any], out: Path) -> Path:
    """Write the report beside the product. Raises OSError."""
    return write_whole(
        out / "import.json", (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()
    )
