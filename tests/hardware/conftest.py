"""A bridge with a scripted arm behind it, over real sockets of this machine."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hardware.client import Link, LinkSettings
from hardware.doorkeeper import Addresses, ServerKeys
from hardware.keys import Key, Role, new_key, save
from hardware.logbook import Logbook
from hardware.safety import SIMULATED, Limits
from hardware.scripted_arm import ScriptedArm, scripted_arm
from hardware.server import BridgeServer, ServerSettings
from sequences.assembly import Assembly
from sequences.load import load

PATIENT = replace(SIMULATED, lease_s=1.0)
"""A lease that outlasts a busy machine, where the lease is not what is tested."""


@dataclass
class Bridge:
    """A server that runs in a thread, and how to reach it."""

    server: BridgeServer
    arm: ScriptedArm
    log: Path
    stack: ExitStack
    keys: dict[str, Key] = field(default_factory=dict)

    def settings(self, name: str = "tester", key: str | None = None, answer_s: float = 2.0) -> LinkSettings:
        door = self.server.door
        return LinkSettings(
            door.command_endpoint,
            door.state_endpoint,
            name,
            self.keys[key] if key else None,
            self.keys["server"].open_half if key else None,
            answer_s,
        )

    def link(self, name: str = "tester", key: str | None = None, answer_s: float = 2.0) -> Link:
        link = Link(self.settings(name, key, answer_s))
        self.stack.callback(link.close)
        return link

    def lines(self, kind: str = "refused", least: int = 1) -> list[dict[str, str]]:
        """Lines of the logbook, when there are so many: they follow the answer by a moment."""
        until = time.monotonic() + 2.0
        while True:
            read = [json.loads(line) for line in self.log.read_text().splitlines()]
            found = [line for line in read if line["kind"] == kind]
            if len(found) >= least or time.monotonic() > until:
                return found
            time.sleep(0.005)


Start = Callable[..., Bridge]


@pytest.fixture(scope="session")
def assembly() -> Assembly:
    return load("bearing_block")


@pytest.fixture
def start(tmp_path: Path, assembly: Assembly) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(
            *, limits: Limits = PATIENT, keys: bool = False, token: bytes = b"", pace: float = 1.0
        ) -> Bridge:
            log = tmp_path / "bridge.jsonl"
            pairs = made_keys(tmp_path) if keys else {}
            trusted = ServerKeys(pairs["server"], tmp_path / "authorized") if keys else None
            logbook = Logbook(log)
            stack.callback(logbook.close)
            arm = scripted_arm(assembly, pace=pace)
            settings = ServerSettings(
                Addresses(command_port=0, state_port=0), limits, trusted, operator_token=token
            )
            server = BridgeServer(arm, settings, logbook)
            server.start()
            stack.callback(server.close)
            links = stack.enter_context(ExitStack())
            return Bridge(server, arm, log, links, pairs)

        yield started


def made_keys(folder: Path) -> dict[str, Key]:
    """Keys of a server and of its friends, and of a stranger."""
    authorized = folder / "authorized"
    made = {"server": new_key("server"), "stranger": new_key("stranger", Role.OPERATOR)}
    for role in Role:
        key = new_key(f"the-{role}", role)
        made[str(role)] = key
        save(key, folder)
        authorized.mkdir(exist_ok=True, mode=0o700)
        (folder / f"{key.name}.pub").rename(authorized / f"{key.name}.pub")
    return made
