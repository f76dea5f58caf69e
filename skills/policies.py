"""The policies that need no learning, by name."""

from collections.abc import Callable

from skills.insertion import Attempt
from skills.push import StraightPush
from skills.routine import Routine
from skills.search import Search

POLICIES: dict[str, Callable[[Attempt], Routine]] = {"search": Search, "push": StraightPush}


class UnknownPolicy(KeyError):
    """A policy was named that nobody wrote."""

    def __init__(self, name: str) -> None:
        self.name, self.known = name, tuple(POLICIES)
        super().__init__(name)

    def __str__(self) -> str:
        return f"there is no policy '{self.name}'; there are {', '.join(self.known)}"


def policy(name: str, attempt: Attempt) -> Routine:
    """The policy called ``name`` for one attempt. Raises UnknownPolicy."""
    try:
        return POLICIES[name](attempt)
    except KeyError:
        raise UnknownPolicy(name) from None
