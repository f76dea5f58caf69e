"""``dovetail calibrate``: finding out where things stand in a robot's cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executive.commands.common import AsJson, complete_product, one_screen_errors, print_json

if TYPE_CHECKING:
    from calibration.fixture import Found

app = typer.Typer(help="Find out where things stand.", no_args_is_help=True)


@app.callback()
def _calibrate() -> None:
    pass


@app.command()
@one_screen_errors
def fixture(
    cell_file: Annotated[Path, typer.Option(metavar="CELL.yaml", help="Where the frame is written.")],
    product: Annotated[
        str, typer.Option(help="Whose base part is clamped.", autocompletion=complete_product)
    ] = "gearbox",
    robot: Annotated[
        str | None,
        typer.Option(metavar="simulated", help="Rehearse on a simulated robot; the file stays as it is."),
    ] = None,
    tip_mm: Annotated[
        tuple[float, float, float],
        typer.Option(help="Closed fingertips: width, depth the closing way, length below the TCP."),
    ] = (17.0, 28.6, 8.5),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Touch the clamped base part on its top and two sides; write its frame into the cell file."""
    from calibration.fixture import FindFixture, find
    from calibration.touch_plan import Tip
    from executive.cells import laid_out, open_bench
    from executive.options import CellName, RunOptions
    from hardware.cell_file import load_cell, write_fixture
    from sequences.load import load

    if robot not in (None, "simulated"):
        raise typer.BadParameter("only 'simulated', or nothing", param_hint="--robot")
    if robot is None and not yes:
        typer.confirm("Is the tray empty, the way clear, and a hand at the stop?", abort=True)
    kind = CellName.FR3 if robot is None else CellName.SIMULATED_FR3
    options = RunOptions(cell=kind, cell_file=str(cell_file))
    assembly = laid_out(load(product), options)
    tip = Tip(tip_mm[0] / 2000, tip_mm[1] / 2000, tip_mm[2] / 1000)
    routine = FindFixture(assembly, load_cell(cell_file).places(assembly).base_in_base, tip)
    bench = open_bench(assembly, options)
    try:
        found = find(bench.cell, routine)
    finally:
        bench.cell.close()
    if robot is None:
        write_fixture(cell_file, found.base_in_base)
    _show(found, cell_file, written=robot is None, as_json=as_json)


def _show(found: "Found", cell_file: Path, *, written: bool, as_json: bool) -> None:
    from hardware.cell_file import Frame

    frame = Frame.of(found.base_in_base)
    if as_json:
        print_json(
            {
                "position_mm": list(frame.position_mm),
                "rotation_deg": list(frame.rotation_deg),
                "residual_mm": round(1000 * found.residual_m, 4),
                "residual_rms_mm": round(1000 * found.residual_rms_m, 4),
                "touches": found.touches,
                "peak_force_n": round(found.peak_force_n, 2),
                "written": str(cell_file) if written else None,
            }
        )
        return
    x, y, z = frame.position_mm
    roll, pitch, yaw = frame.rotation_deg
    typer.echo(f"fixture at [{x:.2f}, {y:.2f}, {z:.2f}] mm, turned [{roll:.2f}, {pitch:.2f}, {yaw:.2f}]°")
    typer.echo(
        f"{found.touches} touches, worst {1000 * found.residual_m:.2f} mm from its face "
        f"(rms {1000 * found.residual_rms_m:.2f} mm), peak force {found.peak_force_n:.0f} N"
    )
    typer.echo(f"written to {cell_file}" if written else "nothing is written: a simulated robot was touching")
