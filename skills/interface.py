"""What a policy sees and does: vectors with a stated meaning, so that a skill can say what it was made for.

An observation and an action are rows of blocks. A policy carries both layouts and refuses to run on others
than it was trained for.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Some numbers of a vector that belong together."""

    name: str
    size: int
    scale: float
    """One unit of the vector in the block's own unit."""
    unit: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of a vector, in order."""

    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(block.size for block in self.blocks)
