"""Who may speak to a bridge: CURVE keys in files, and whose of them are authorized.

A key file is JSON. ``NAME.key`` holds the secret and must be readable by its owner alone; ``NAME.pub`` is
given away. A server trusts the public keys in its folder of authorized keys, each with a role:
``watcher`` (may look and stop), ``controller`` (may also take control) or ``operator`` (may also clear a
latched stop). The folder is read anew at each connection: keys come and go without a restart.
"""

import os
import stat
from enum import StrEnum
from pathlib import Path

import msgspec
import zmq
from zmq.utils import z85

from sequences.errors import clipped
from sequences.files import write_whole

FORMAT = "dovetail-key/1"
LARGEST_FILE = 4096
MOST_KEYS = 1000


class Role(StrEnum):
    """What the holder of a key may do."""

    WATCHER = "watcher"
    CONTROLLER = "controller"
    OPERATOR = "operator"

    @property
    def may_control(self) -> bool:
        """It may take control of the arm."""
        return self.at_least(Role.CONTROLLER)

    def at_least(self, other: "Role") -> bool:
        """It may do all that ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class KeyTrouble(Exception):
    """A key file or folder that must not be used: ``path``, what is wrong, and what would be right."""

    def __init__(self, path: Path, what: str, remedy: str) -> None:
        self.path, self.what, self.remedy = path, what, remedy
        super().__init__(f"{path}: {what}\n    → {remedy}")


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pair of keys, or the public half of it, as Z85 text."""

    name: str
    role: Role
    public: str
    secret: str = ""
    format: str = FORMAT

    def __repr__(self) -> str:
        return f"Key({self.name}, {self.role}, {self.public[:8]}…)"

    @property
    def open_half(self) -> "Key":
        """What may be given away."""
        return Key(self.name, self.role, self.public)

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """Public and secret key as ZeroMQ takes them."""
        return self.public.encode(), self.secret.encode()


def new_key(name: str, role: Role = Role.CONTROLLER) -> Key:
    """A fresh pair of keys."""
    public, secret = zmq.curve_keypair()
    return Key(name, role, public.decode(), secret.decode())


def save(key: Key, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.key`` (for the owner alone) and ``NAME.pub``. Raises KeyTrouble when they are there."""
    secret, public = folder / f"{key.name}.key", folder / f"{key.name}.pub"
    for path in (secret, public):
        if path.exists():
            raise KeyTrouble(path, "is there already", "choose another name, or move the old key away")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(public, _text(key.open_half))
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_text(key))
    return secret, public


def publish(key: Key, folder: Path) -> Path:
    """Put the public half into a folder of authorized keys. Raises KeyTrouble when there is one so named."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key.name}.pub"
    if path.exists():
        raise KeyTrouble(path, "is there already", "choose another name, or take the old key away")
    return write_whole(path, _text(key.open_half))


def load_secret(path: Path) -> Key:
    """A pair of keys whose secret nobody else can read. Raises KeyTrouble."""
    mode = _mode(path)
    if mode & 0o077:
        raise KeyTrouble(
            path,
            f"others can read or change this secret key (mode {mode & 0o777:03o})",
            f"chmod 600 {path}, and if others use this machine make a new key",
        )
    key = _read(path)
    if not key.secret:
        raise KeyTrouble(path, "holds no secret key", f"give the .key file, not {path.name}")
    return key


def load_public(path: Path) -> Key:
    """The public half of a key that only its owner can change. Raises KeyTrouble."""
    _not_others(path)
    return _read(path).open_half


def authorized(folder: Path) -> dict[bytes, Key]:
    """The keys in a folder that only its owner can change, by public key. Raises KeyTrouble."""
    _not_others(folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".pub")
    if len(paths) > MOST_KEYS:
        raise KeyTrouble(folder, f"holds {len(paths)} keys", f"at most {MOST_KEYS} are read")
    keys = {}
    for path in paths:
        key = load_public(path)
        if key.name != path.stem:
            raise KeyTrouble(path, f"is the key of '{key.name}'", f"name it {key.name}.pub")
        keys[key.public.encode()] = key
    return keys


def secret_text(path: Path) -> str:
    """What a file holds that nobody else can read, without the end of its line. Raises KeyTrouble."""
    if (mode := _mode(path)) & 0o077:
        raise KeyTrouble(path, f"others can read it (mode {stat.S_IMODE(mode):03o})", f"chmod 600 {path}")
    return path.read_text(encoding="utf-8").rstrip("\r\n")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        remedy = "make one with 'dovetail bridge keygen', or correct the path"
        raise KeyTrouble(path, f"cannot be read: {error.strerror}", remedy) from None


def _not_others(path: Path) -> None:
    mode = _mode(path)
    if mode & 0o022:
        raise KeyTrouble(path, f"others can change it (mode {stat.S_IMODE(mode):03o})", f"chmod go-w {path}")


def _read(path: Path) -> Key:
    remedy = "make a new one with 'dovetail bridge keygen'"
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        key = msgspec.json.decode(data, type=Key)
    except OSError as error:
        raise KeyTrouble(path, f"cannot be read: {error.strerror}", remedy) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeyTrouble(path, f"is not a key file: {clipped(str(error))}", remedy) from None
    if key.format != FORMAT:
        raise KeyTrouble(path, f"is of format '{clipped(key.format)}', not '{FORMAT}'", remedy)
    for half in (key.public, key.secret):
        if half and not _is_z85(half):
            raise KeyTrouble(path, "holds something that is not a key", remedy)
    return key


def _is_z85(text: str) -> bool:
    if len(text) != 40 or not text.isascii():
        return False
    try:
        z85.decode(text.encode())
    except (ValueError, KeyError):
        return False
    return True


def _text(key: Key) -> bytes:
    return msgspec.json.format(msgspec.json.encode(key), indent=2) + b"\n"
