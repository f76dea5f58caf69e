"""A part that has to be placed once more, when others stand that its step did not reckon with."""

from collections.abc import Collection

from sequences.assembly import Assembly
from sequences.validate import check


def placed_last(assembly: Assembly, index: int, standing: Collection[int]) -> Assembly:
    """``assembly`` in the order in which the step at ``index`` comes next after those of ``standing``."""
    before = [i for i in sorted(standing) if i != index]
    after = [i for i in range(len(assembly.steps)) if i != index and i not in before]
    return assembly.model_copy(update={"steps": tuple(assembly.steps[i] for i in (*before, index, *after))})


def obstructions(assembly: Assembly, index: int, standing: Collection[int]) -> tuple[str, ...]:
    """Why the step at ``index`` cannot be done after all of ``standing``, in words; empty when it can."""
    again = placed_last(assembly, index, standing)
    place = again.steps.index(assembly.steps[index])
    return tuple(problem.message for problem in check(again) if problem.path[:2] == ("steps", place))
