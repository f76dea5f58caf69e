"""Opens the cell that was asked for, with what scores it where that is possible."""

import gc
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from executive.errors import CellFileNeeded, CellUnavailable
from executive.kit import Kit, insertions_of, standard_kit
from executive.options import CellName, Noise, RunOptions
from executive.places import default_runs_dir
from executive.run import Bench
from sequences.assembly import Assembly

if TYPE_CHECKING:
    from hardware.cell_file import CellFile

SLOW = 0.4
"""Share of their speed at which a slow run makes free-space motions."""


def laid_out(assembly: Assembly, options: RunOptions) -> Assembly:
    """``assembly`` with fixture and tray where the cell file has them. Raises CellFileError, OSError."""
    described = _described(options)
    if described is None:
        return assembly
    from hardware.places import placed

    fixture, tray = described.fixture, described.tray
    return placed(assembly, fixture and fixture.transform, tray and tray.transform)


def made_ready(assembly: Assembly, options: RunOptions) -> Kit:
    """The kit of a run, with all that it loads and computes.

    Whoever is in control of an arm must not fall silent, and loading a learned skill takes an interpreter's
    whole attention for longer than a lease lasts: it is done before control is taken. Raises SkillError.
    """
    kit = standard_kit(assembly, options.policy)
    gc.collect()
    gc.freeze()
    return kit


def open_bench(assembly: Assembly, options: RunOptions, runs_dir: Path | None = None) -> Bench:
    """The cell named in ``options``, with the parts of ``assembly``, laid out, in its tray.

    A bridge that is started for it keeps its journal under ``runs_dir``. Raises CellUnavailable, CellError,
    CellFileNeeded, CellFileError, DriftError, SkillError, OSError.
    """
    if options.cell is CellName.FAKE:
        return _fake(assembly, options)
    if options.cell in (CellName.SIMULATED_FR3, CellName.FR3):
        made_ready(assembly, options)
    if options.cell is CellName.SIMULATED_FR3:
        return _simulated_fr3(assembly, options, runs_dir or default_runs_dir())
    if options.cell is CellName.FR3:
        return _fr3(assembly, options)
    return _simulated(assembly, options)


def _simulated(assembly: Assembly, options: RunOptions) -> Bench:
    try:
        from sim.cell import SimCell
        from sim.drift import drift_from
        from sim.noise import BENCH, EXACT
        from sim.physics import NOMINAL
        from sim.truth import seated
    except ImportError as error:
        raise CellUnavailable("sim", f"{error}; 'pip install mujoco franky-sim'") from error
    noise, drift = EXACT if options.noise is Noise.NONE else BENCH, drift_from(options.drift)
    cell = SimCell(assembly, seed=options.seed, noise=drift.noise(noise), physics=drift.physics(NOMINAL))
    return Bench(cell, lambda _, step: seated(cell, step), _fingerprint(options))


def _simulated_fr3(assembly: Assembly, options: RunOptions, runs_dir: Path) -> Bench:
    from hardware.arm import ArmError
    from hardware.safety import SIMULATED
    from hardware.simulated_cell import SimulatedFr3
    from sim.noise import BENCH, EXACT
    from sim.truth import verdict

    described = _described(options)
    log = runs_dir / "bridges" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.jsonl"
    try:
        cell = SimulatedFr3(
            assembly,
            log,
            seed=options.seed,
            noise=EXACT if options.noise is Noise.NONE else BENCH,
            limits=SIMULATED if described is None else described.safety,
            pace=_pace(options),
        )
    except ArmError as error:
        raise CellUnavailable(str(options.cell), str(error)) from error
    return Bench(
        cell,
        lambda _, step: verdict(assembly, step, cell.true_pose(step.part)),
        _fingerprint(options),
        str(log),
    )


def _fr3(assembly: Assembly, options: RunOptions) -> Bench:
    described = _described(options)
    if described is None:
        raise CellFileNeeded
    from hardware.bridge_cell import SILENCE_S, BridgeCell
    from hardware.cell_file import SCRIPTED, SIMULATED
    from hardware.client import Link
    from hardware.keys import KeyTrouble
    from hardware.simulated_cell import SILENCE_S as PATIENT_S

    try:
        link = Link(described.link("run"))
    except KeyTrouble as trouble:
        raise CellUnavailable(str(options.cell), str(trouble)) from trouble
    silence_s = PATIENT_S if described.robot.address in (SIMULATED, SCRIPTED) else SILENCE_S
    try:
        cell = BridgeCell(link, described.places(assembly), pace=_pace(options), silence_s=silence_s)
    except BaseException:
        link.close()
        raise
    return Bench(cell, None, described.fingerprint)


def _fake(assembly: Assembly, options: RunOptions) -> Bench:
    from skills.fake import EXACT, FakeCell

    noise = EXACT if options.noise is Noise.NONE else None
    cell = FakeCell(assembly, insertions_of(assembly), seed=options.seed, noise=noise)
    return Bench(cell, lambda _, step: cell.truth(step))


def _described(options: RunOptions) -> "CellFile | None":
    if options.cell_file is None:
        return None
    from hardware.cell_file import load_cell

    return load_cell(Path(options.cell_file))


def _fingerprint(options: RunOptions) -> str:
    described = _described(options)
    return "" if described is None else described.fingerprint


def _pace(options: RunOptions) -> float:
    return SLOW if options.slow else 1.0
