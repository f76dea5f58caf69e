"""The cell file: one robot, its bridge, its bench and its limits, as a person writes them down.

Lengths are millimetres and angles degrees, with the unit in the name; everything may be left out but the
format and the robot's address. Paths are relative to the file. What is wrong is said with file, line, field
and value.
"""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, StringConstraints, ValidationError, model_validator
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.cell_limits import LimitsInFile, Millimetres, Model
from hardware.cell_problems import problem_of
from hardware.client import LinkSettings
from hardware.doorkeeper import Addresses, ServerKeys
from hardware.keys import load_public, load_secret
from hardware.places import Bounds, Places, upright
from hardware.safety import SIMULATED as SIMULATED_LIMITS
from hardware.safety import Limits
from sequences.assembly import Assembly
from sequences.errors import AssemblyError, Problem
from sequences.files import write_whole
from sequences.reading import LARGEST_FILE, read

FORMAT = "dovetail-cell/1"
SIMULATED, SCRIPTED = "simulated", "scripted"
"""Addresses of robots that are not there."""

Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65535)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\[\]-]{1,253}$")]


class CellFileError(AssemblyError):
    """A cell file cannot be used as it is written; every problem with line, field and remedy."""


class Frame(Model):
    """A frame in the robot's base frame."""

    position_mm: tuple[Millimetres, Millimetres, Millimetres]
    rotation_deg: tuple[Degrees, Degrees, Degrees] = (0.0, 0.0, 0.0)
    """Turns about the base frame's x, y and z axes, in this order."""

    @property
    def transform(self) -> RigidTransform:
        """The frame as a transform [m, rad]."""
        turn = Rotation.from_euler("xyz", self.rotation_deg, degrees=True)
        return RigidTransform.from_components(np.asarray(self.position_mm) / 1000.0, turn)

    @classmethod
    def of(cls, transform: RigidTransform) -> "Frame":
        """What the file says of ``transform``."""
        x, y, z = (round(1000.0 * float(v), 4) for v in transform.translation)
        roll, pitch, yaw = (round(float(v), 4) for v in transform.rotation.as_euler("xyz", degrees=True))
        return cls(position_mm=(x, y, z), rotation_deg=(roll, pitch, yaw))


class Desk(Model):
    """Who may open brakes and activate FCI on the robot's Desk."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password_file: Path
    """A file that holds the password and that nobody else can read."""


class Robot(Model):
    """The arm and its hand."""

    address: Host
    """Its address in the network, or 'simulated' or 'scripted'."""
    gripper: Literal["franka", "none"] = "franka"
    desk: Desk | None = None


class Bridge(Model):
    """Where the bridge serves."""

    host: Host = "127.0.0.1"
    command_port: Port = 5701
    state_port: Port = 5702
    state_hz: Annotated[float, Field(ge=20, le=200)] = 200.0
    log: Path = Path("bridge.jsonl")


class Keys(Model):
    """Key files: the bridge's own, those it trusts, and those with which a client comes."""

    server: Path | None = None
    """The bridge's secret key; only on the bridge's machine."""
    authorized: Path | None = None
    """The folder of the public keys that may come in; only on the bridge's machine."""
    server_public: Path | None = None
    """The bridge's public key; on the clients' machines."""
    client: Path | None = None
    """This client's secret key; on the clients' machines."""

    @model_validator(mode="after")
    def _in_pairs(self) -> Self:
        if (self.server is None) != (self.authorized is None):
            raise ValueError("'server' and 'authorized' belong together: give both or neither")
        if (self.server_public is None) != (self.client is None):
            raise ValueError("'server_public' and 'client' belong together: give both or neither")
        return self


class Known(Model):
    """How well parts and goals are known."""

    tray_mm: Annotated[float, Field(ge=0, le=20)] = 3.0
    tray_deg: Annotated[float, Field(ge=0, le=45)] = 5.0
    goal_mm: Annotated[float, Field(ge=0, le=20)] = 2.0
    goal_deg: Annotated[float, Field(ge=0, le=45)] = 10.0

    @property
    def bounds(self) -> Bounds:
        """In SI units."""
        tray_rad, goal_rad = np.radians([self.tray_deg, self.goal_deg]).tolist()
        return Bounds(self.tray_mm / 1000, tray_rad, self.goal_mm / 1000, goal_rad)


class CellFile(Model):
    """A cell."""

    format: Literal["dovetail-cell/1"]
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")] = "cell"
    robot: Robot
    bridge: Bridge = Bridge()
    keys: Keys = Keys()
    fixture: Frame | None = None
    """The frame of the product's base part, as clamped; else the assembly says where it is."""
    tray: Frame | None = None
    """By how much the tray is moved from where the assembly says."""
    known: Known = Known()
    limits: LimitsInFile | None = None
    """Slow and soft where nothing is said; for a robot that is not there, as fast as routines ask."""

    @property
    def safety(self) -> Limits:
        """The limits of this cell."""
        if self.limits is not None:
            return self.limits.limits
        return SIMULATED_LIMITS if self.robot.address in (SIMULATED, SCRIPTED) else Limits()

    @property
    def fingerprint(self) -> str:
        """A hash of what a rehearsal stands on: hand, fixture, tray, how well they are known, limits."""
        facts = self.model_dump(mode="json", include={"fixture", "tray", "known"})
        facts |= {"gripper": self.robot.gripper, "limits": asdict(self.safety)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def addresses(self) -> Addresses:
        """Where the bridge serves."""
        bridge = self.bridge
        return Addresses(bridge.host, bridge.command_port, bridge.state_port)

    def places(self, laid_out: Assembly) -> Places:
        """Where the parts of an assembly are that :func:`hardware.places.placed` laid out after this file."""
        fixture = None if self.fixture is None else self.fixture.transform
        tray = None if self.tray is None else self.tray.transform
        tilt = None if tray is None else tray * upright(tray).transform.inv()
        return Places(laid_out, base_in_base=fixture, tray_in_base=tilt, bounds=self.known.bounds)

    def server_keys(self) -> ServerKeys | None:
        """The bridge's keys; None where the file names none. Raises KeyTrouble."""
        keys = self.keys
        if keys.server is None or keys.authorized is None:
            return None
        return ServerKeys(load_secret(keys.server), keys.authorized)

    def link(self, name: str = "dovetail") -> LinkSettings:
        """How a client reaches the bridge. Raises KeyTrouble."""
        at, keys = self.addresses, self.keys
        own = None if keys.client is None else load_secret(keys.client)
        server = None if keys.server_public is None else load_public(keys.server_public)
        return LinkSettings(at.endpoint(at.command_port), at.endpoint(at.state_port), name, own, server)


def load_cell(path: Path) -> CellFile:
    """The cell that a file describes. Raises CellFileError with everything that is wrong, OSError."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    cell = parse_cell(data, str(path))
    return _beside(cell, path.parent)


def parse_cell(data: bytes, file: str) -> CellFile:
    """The cell that the bytes of ``file`` describe. Raises CellFileError with everything that is wrong."""
    if not data.strip():
        problem = Problem((), "the file is empty", f"begin with 'format: {FORMAT}'", line=1)
        raise CellFileError(file, [problem])
    try:
        root = read(data, file)
    except AssemblyError as error:
        raise CellFileError(file, error.problems) from None
    if not isinstance(root.content, dict):
        problem = Problem((), "the file is not a mapping", f"begin with 'format: {FORMAT}'", root.show(), 1)
        raise CellFileError(file, [problem])
    try:
        return CellFile.model_validate_json(json.dumps(root.plain), strict=True)
    except ValidationError as error:
        problems = [problem_of(details, root, CellFile) for details in error.errors(include_url=False)]
        raise CellFileError(file, problems) from None


def simulated_cell(address: str = SIMULATED) -> CellFile:
    """The cell of a robot that is not there, on free ports of this machine."""
    return CellFile(
        format="dovetail-cell/1",
        name=address,
        robot=Robot(address=address),
        bridge=Bridge(command_port=0, state_port=0),
    )


def write_fixture(path: Path, base_in_base: RigidTransform) -> CellFile:
    """Enter a calibrated fixture into a cell file; everything else stays as it was written.

    Raises CellFileError when the file would not be one any more, OSError.
    """
    text = path.read_text(encoding="utf-8")
    kept = re.sub(
        r"^fixture:.*\n(?:[ \t#].*\n|[ \t]*\n)*", "", text if text.endswith("\n") else text + "\n", flags=re.M
    )
    frame = Frame.of(base_in_base)
    position, rotation = list(frame.position_mm), list(frame.rotation_deg)
    data = f"{kept}fixture:\n  position_mm: {position}\n  rotation_deg: {rotation}\n".encode()
    parse_cell(data, str(path))
    write_whole(path, data)
    return load_cell(path)


def _beside(cell: CellFile, folder: Path) -> CellFile:
    """The cell with its paths taken from where its file is."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path.expanduser()

    keys = {name: at(getattr(cell.keys, name)) for name in type(cell.keys).model_fields}
    desk = cell.robot.desk
    robot = cell.robot
    if desk is not None:
        password = desk.model_copy(update={"password_file": at(desk.password_file)})
        robot = robot.model_copy(update={"desk": password})
    bridge = cell.bridge.model_copy(update={"log": at(cell.bridge.log)})
    update = {"keys": cell.keys.model_copy(update=keys), "robot": robot, "bridge": bridge}
    return cell.model_copy(update=update)
