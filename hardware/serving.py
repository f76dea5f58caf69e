"""A bridge as a process: opens the arm that a cell file names and serves it until it is told to stop.

``python -m hardware.serving`` reads a :class:`Setup` as one line of JSON, prints a :class:`Ready` as another,
and serves until it is terminated or its standard input is closed.
"""

import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hardware.arm import Arm
from hardware.cell_file import SCRIPTED, SIMULATED, CellFile, Desk
from hardware.keys import secret_text
from hardware.logbook import Logbook
from hardware.safety import Limits
from hardware.server import BridgeServer, ServerSettings
from sequences.assembly import Assembly
from sim.noise import BENCH, EXACT, Noise

if TYPE_CHECKING:
    from hardware.desk import DeskLogin


class Setup(msgspec.Struct, frozen=True):
    """What a bridge in a process of its own is to serve."""

    cell: str
    """The cell file's content as JSON, with paths that need no folder."""
    assembly: str = ""
    """The assembly as JSON, for a robot that is not there."""
    seed: int = 0
    noise: bool = True
    """The world of a robot that is not there is as wrong as a bench; else it is exact."""
    realtime: bool = True
    """The robot's control loop insists on a real-time kernel."""
    limits: Limits | None = None
    """Instead of the cell's."""


class Ready(msgspec.Struct, frozen=True):
    """Where a bridge serves."""

    commands: str
    states: str
    token: str
    """The operator's, in hexadecimal."""


def open_arm(
    cell: CellFile,
    assembly: Assembly | None = None,
    *,
    seed: int = 0,
    noise: Noise = BENCH,
    realtime: bool = True,
) -> Arm:
    """The arm that ``cell`` names. ``assembly`` is what lies in the tray of a robot that is not there.

    Raises ArmError, KeyTrouble, ValueError when such a robot has nothing in its tray.
    """
    address = cell.robot.address
    if address in (SIMULATED, SCRIPTED):
        if assembly is None:
            raise ValueError(f"a {address} robot needs to know which product lies in its tray")
        if address == SIMULATED:
            from hardware.simulated import simulated_arm

            return simulated_arm(assembly, seed=seed, noise=noise)
        from hardware.scripted_arm import scripted_arm

        return scripted_arm(assembly, seed=seed)
    from hardware.driver import FrankyArm

    return FrankyArm(address, realtime=realtime, desk=_login(cell.robot.desk))


def serve(
    cell: CellFile,
    arm: Arm,
    ready: Callable[[Ready], None],
    stop_at: threading.Event | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve ``arm`` until SIGTERM, SIGINT or ``stop_at``; the arm then holds and is let go of.

    ``limits`` stand in for the cell's.

    The operator's token is written beside the log, for its owner alone. Call it on the main thread. Raises
    Insecure, KeyTrouble, OSError.
    """
    log = cell.bridge.log
    token = secrets.token_bytes(16)
    logbook = Logbook(log)
    settings = ServerSettings(
        cell.addresses, limits or cell.safety, cell.server_keys(), cell.bridge.state_hz, operator_token=token
    )
    server = BridgeServer(arm, settings, logbook)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    try:
        _write_token(token_file(log), token)
        if stop_at is not None:
            threading.Thread(target=_stop_when, args=(stop_at, server), daemon=True).start()
        ready(Ready(server.door.command_endpoint, server.door.state_endpoint, token.hex()))
        server.run()
    finally:
        token_file(log).unlink(missing_ok=True)
        arm.close()
        logbook.close()


def token_file(log: Path) -> Path:
    """Where the operator's token of the bridge with this log is while it runs."""
    return log.with_suffix(".operator")


def _stop_when(event: threading.Event, server: BridgeServer) -> None:
    event.wait()
    server.stop()


def _write_token(path: Path, token: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token.hex())


def _login(desk: Desk | None) -> "DeskLogin | None":
    if desk is None:
        return None
    from hardware.desk import DeskLogin

    return DeskLogin(desk.user, secret_text(desk.password_file))


def main() -> None:
    """Serve what standard input asks for."""
    setup = msgspec.json.decode(sys.stdin.buffer.readline(), type=Setup)
    cell = CellFile.model_validate_json(setup.cell)
    assembly = Assembly.model_validate_json(setup.assembly) if setup.assembly else None
    noise = BENCH if setup.noise else EXACT
    arm = open_arm(cell, assembly, seed=setup.seed, noise=noise, realtime=setup.realtime)
    closed = threading.Event()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        closed.set()

    def say(ready: Ready) -> None:
        threading.Thread(target=watch, name="stdin", daemon=True).start()
        sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
        sys.stdout.buffer.flush()

    serve(cell, arm, say, closed, setup.limits)


if __name__ == "__main__":
    main()
