"""The operator's side of a station: says words, hears the newest state."""

from pathlib import Path

from hardware.client import Link, LinkSettings
from hardware.keys import load_public, load_secret
from hardware.messages import Say, Stop
from hardware.station import LEASE_S, Whereabouts

GONE_S = 0.5
"""A program that tells nothing for so long has ended, or is out of reach [s]."""
ANSWER_S = 3.0
"""A program may be busy for so long before it answers [s]."""


class StationLink(Link):
    """A connection to a station. Raises LinkLost, Refused as :class:`hardware.client.Link`."""

    def say(self, words: bytes) -> str:
        """Say something to the program; what came of it."""
        return self.ask(Say(words)).detail

    def stop(self) -> None:
        """Stop what the program does, in control or not."""
        self.ask(Stop())

    def close(self, *, gone: bool = False) -> None:
        """Let go of control and of the connection; nothing is given back to a program that is ``gone``."""
        if gone or self.silence_s() > GONE_S:
            self._in_control = False
        super().close()

    def hear(self, wait_s: float) -> bytes | None:
        """The newest state, if one is told within ``wait_s`` that was not heard before."""
        return self._hearing.next(wait_s, bytes)


def linked(where: Whereabouts, keys: Path, name: str, key_file: Path | None = None) -> StationLink:
    """A connection to the station at ``where``, with the keys of ``keys`` or another one.

    Raises LinkLost, KeyTrouble, Refused.
    """
    settings = LinkSettings(
        where.commands,
        where.states,
        name[:64],
        load_secret(key_file or keys / "operator.key"),
        load_public(keys / "server.pub"),
        answer_s=ANSWER_S,
        beat_s=LEASE_S / 6.0,
    )
    return StationLink(settings)
