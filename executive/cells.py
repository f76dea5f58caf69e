"""Opens the cell that was asked for, with what scores it where that is possible."""

from executive.errors import CellUnavailable
from executive.kit import insertions_of
from executive.options import CellName, Noise, RunOptions
from executive.run import Bench
from sequences.assembly import Assembly


def open_bench(assembly: Assembly, options: RunOptions) -> Bench:
    """The cell named in ``options``, with ``assembly``'s parts in its tray. Raises CellUnavailable."""
    if options.cell is CellName.FAKE:
        return _fake(assembly, options)
    return _simulated(assembly, options)


def _simulated(assembly: Assembly, options: RunOptions) -> Bench:
    try:
        from sim.cell import SimCell
        from sim.noise import BENCH, EXACT
        from sim.truth import seated
    except ImportError as error:
        raise CellUnavailable("sim", f"{error}; 'pip install mujoco franky-sim'") from error
    noise = EXACT if options.noise is Noise.NONE else BENCH
    cell = SimCell(assembly, seed=options.seed, noise=noise)
    return Bench(cell, lambda _, step: seated(cell, step))


def _fake(assembly: Assembly, options: RunOptions) -> Bench:
    from skills.fake import EXACT, FakeCell

    noise = EXACT if options.noise is Noise.NONE else None
    cell = FakeCell(assembly, insertions_of(assembly), seed=options.seed, noise=noise)
    return Bench(cell, lambda _, step: cell.truth(step))
