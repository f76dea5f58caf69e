"""A bridge that a program starts for itself, in a process of its own, and ends when it is done with it."""

import subprocess
import sys
from types import TracebackType

import msgspec

from hardware.cell_file import CellFile
from hardware.client import LinkSettings
from hardware.safety import Limits
from hardware.serving import Ready, Setup
from sequences.assembly import Assembly
from skills.cell import CellError


class BridgeProcess:
    """Starts a bridge and waits until it serves. Raises CellError when it does not.

    ``limits`` stand in for the cell's own: for a robot that is not there, where a file's would be too narrow.
    """

    def __init__(
        self,
        cell: CellFile,
        assembly: Assembly | None = None,
        *,
        seed: int = 0,
        noise: bool = True,
        realtime: bool = True,
        limits: Limits | None = None,
    ) -> None:
        product = assembly.model_dump_json() if assembly else ""
        setup = Setup(cell.model_dump_json(), product, seed, noise, realtime, limits)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hardware.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(setup) + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise CellError(f"the bridge did not start (exit code {self.process.wait()})")
        self.ready = msgspec.json.decode(line, type=Ready)

    def link(self, name: str = "dovetail", answer_s: float = 0.5) -> LinkSettings:
        """How to reach it from this machine, without keys."""
        return LinkSettings(self.ready.commands, self.ready.states, name, answer_s=answer_s)

    def close(self) -> None:
        """Let it stop in good order."""
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdin.close()
        process.stdout.close()

    def __enter__(self) -> "BridgeProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
