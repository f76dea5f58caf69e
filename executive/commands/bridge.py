"""``dovetail bridge``: serve a robot, make keys, look at it, stop it, let it go on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    CELL_FAULT,
    AsJson,
    complete_product,
    one_screen_errors,
    print_json,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from hardware.cell_file import CellFile
    from hardware.client import Link
    from hardware.messages import State
    from hardware.serving import Ready

app = typer.Typer(help="Connect to a robot.", no_args_is_help=True)

Cell = Annotated[
    Path | None, typer.Option("--cell", metavar="FILE", help="The cell file; else a bridge of this machine.")
]


@app.callback()
def _bridge() -> None:
    pass


@app.command()
@one_screen_errors
def serve(
    robot: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="An address, 'simulated' or 'scripted'; else the cell's."),
    ] = None,
    cell: Cell = None,
    product: Annotated[
        str,
        typer.Option(help="What a robot that is not there has in its tray.", autocompletion=complete_product),
    ] = "gearbox",
    seed: Annotated[int, typer.Option(min=0, help="Seed of that robot's world.")] = 0,
    realtime: Annotated[
        bool, typer.Option(help="Insist on a real-time kernel, as a robot that moves does.")
    ] = True,
) -> None:
    """Serve a robot to clients until Ctrl-C; the arm then holds."""
    from hardware.arm import ArmError
    from hardware.cell_file import SCRIPTED, SIMULATED
    from hardware.doorkeeper import Insecure
    from hardware.keys import KeyTrouble
    from hardware.serving import open_arm, serve
    from hardware.simulated_cell import patient
    from sequences.load import load

    described = _cell(cell, robot)
    unreal = described.robot.address in (SIMULATED, SCRIPTED)
    try:
        arm = open_arm(described, load(product) if unreal else None, seed=seed, realtime=realtime)
        limits = patient(described.safety) if unreal else None
        serve(described, arm, lambda ready: _say(ready, described), limits=limits)
    except (ArmError, KeyTrouble, Insecure) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(CELL_FAULT) from None


def _say(ready: "Ready", cell: "CellFile") -> None:
    stderr().print(
        f"serving {cell.robot.address}: commands at {ready.commands}, states at {ready.states}, "
        f"log in {cell.bridge.log}; Ctrl-C ends it",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
@one_screen_errors
def keygen(
    name: Annotated[str, typer.Argument(help="Whose key it is: a machine, a person, or 'server'.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path("keys"),
    role: Annotated[
        str, typer.Option(help="What its holder may do: watcher, controller or operator.")
    ] = "controller",
    authorize: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Put the public half into this folder of authorized keys too."),
    ] = None,
) -> None:
    """Make a pair of keys: NAME.key is secret, NAME.pub is given to the other side."""
    import re

    from hardware.keys import KeyTrouble, Role, new_key, publish, save

    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,47}", name):
        raise typer.BadParameter("lower-case letters, digits, '-' and '_'", param_hint="NAME")
    if role not in list(Role):
        raise typer.BadParameter(f"one of {', '.join(Role)}", param_hint="--role")
    key = new_key(name, Role(role))
    try:
        written = [*save(key, folder), *([publish(key, authorize)] if authorize else [])]
    except KeyTrouble as trouble:
        typer.secho(str(trouble), err=True)
        raise typer.Exit(2) from None
    for path in written:
        typer.echo(path)


@app.command()
@one_screen_errors
def check(cell: Cell = None, as_json: AsJson = False) -> None:
    """Say what is the matter with a bridge and its robot, and what to do about it."""
    from dataclasses import asdict

    from hardware.check import Verdict
    from hardware.check import check as look

    findings = []
    for finding in look(_cell(cell)):
        findings.append(finding)
        if not as_json:
            mark = {Verdict.WELL: "✓", Verdict.DOUBTFUL: "?", Verdict.ILL: "✗"}[finding.verdict]
            typer.echo(f"{mark} {finding.what}: {finding.found}")
            if finding.remedy:
                typer.echo(f"    → {finding.remedy}")
    if as_json:
        print_json({"findings": [asdict(f) for f in findings]})
    if any(finding.verdict is Verdict.ILL for finding in findings):
        raise typer.Exit(CELL_FAULT)


@app.command()
@one_screen_errors
def watch(
    cell: Cell = None,
    once: Annotated[bool, typer.Option(help="Print the state once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the robot's state as it changes; takes no control."""
    from rich.live import Live

    from executive.views.bridge import state_view

    link = _link(cell, "watch")
    try:
        state = link.newest(2.0)
        if state is None:
            typer.secho("the bridge publishes no state; see 'dovetail bridge check'", err=True)
            raise typer.Exit(CELL_FAULT)
        if as_json:
            print_json(_plain(state))
        elif once or not stdout().is_terminal:
            stdout().print(state_view(state))
        else:
            with Live(state_view(state), console=stdout(), refresh_per_second=10) as live:
                while (state := link.newest(0.1)) is not None:
                    live.update(state_view(state))
    except KeyboardInterrupt:
        return
    finally:
        link.close()


@app.command()
@one_screen_errors
def stop(
    cell: Cell = None,
    latch: Annotated[bool, typer.Option(help="Let only an operator's reset clear it.")] = True,
) -> None:
    """Stop the arm, whoever is in control."""
    from hardware.messages import Stop

    link = _link(cell, "stop")
    link.ask(Stop(latch=latch))
    link.close()
    typer.echo("stopped" + ("; 'dovetail bridge reset' lets it go on" if latch else ""))


@app.command()
@one_screen_errors
def reset(
    cell: Cell = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Clear a latched stop: an operator's word that nobody is in danger and nothing is caught."""
    from hardware.keys import secret_text
    from hardware.messages import Refused, Reset
    from hardware.serving import token_file

    link = _link(cell, "operator")
    try:
        state = link.newest(1.0)
        if state is not None and state.detail:
            typer.echo(f"it stopped because: {state.detail}")
        if not yes:
            typer.confirm("Is everybody clear of the arm and nothing caught?", abort=True)
        token = token_file(_cell(cell).bridge.log)
        shown = bytes.fromhex(secret_text(token)) if token.exists() else b""
        link.ask(Reset(shown))
    except Refused as refused:
        typer.secho(f"not cleared: {refused.detail}", err=True, fg=typer.colors.RED)
        raise typer.Exit(CELL_FAULT) from None
    finally:
        link.close()
    typer.echo("cleared")


def _cell(path: Path | None, robot: str | None = None) -> "CellFile":
    """The cell of a file, or that of this machine; with another robot where one is given."""
    from executive.places import default_runs_dir
    from hardware.cell_file import Bridge, Robot, load_cell, simulated_cell

    if path is None:
        log = default_runs_dir() / "bridge.jsonl"
        return simulated_cell(robot or "simulated").model_copy(update={"bridge": Bridge(log=log)})
    cell = load_cell(path)
    if robot is None:
        return cell
    return cell.model_copy(update={"robot": Robot(address=robot, desk=cell.robot.desk)})


def _link(path: Path | None, name: str) -> "Link":
    from hardware.client import Link

    return Link(_cell(path).link(name))


def _plain(state: "State") -> dict[str, Any]:
    return {
        "time_s": state.time_s,
        "mode": state.mode,
        "moving": state.moving,
        "faults": list(state.faults),
        "detail": state.detail,
        "latched": state.latched,
        "controller": state.controller,
        "tcp_position_m": list(state.tcp.position_m),
        "tcp_quaternion": list(state.tcp.quaternion),
        "wrench": list(state.wrench),
        "joint_positions": list(state.joint_positions),
        "gripper_width_m": state.gripper_width_m,
        "grasped": state.grasped,
    }
