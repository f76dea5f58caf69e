"""Whether an assembly can be built: all checks that need more than one field, down to the geometry."""

from sequences.assembly import Assembly
from sequences.errors import Problem
from sequences.validate_clearance import check_clearances
from sequences.validate_depths import check_depths
from sequences.validate_goals import check_goals
from sequences.validate_grasps import check_grasps
from sequences.validate_hands import check_hands
from sequences.validate_parts import check_parts
from sequences.validate_paths import check_paths
from sequences.validate_references import check_references
from sequences.validate_tray import check_tray


def check(assembly: Assembly) -> tuple[Problem, ...]:
    """Everything that is wrong with ``assembly``; empty when it can be built.

    How parts fit is looked at only when names and order are sound, since it would say nothing otherwise.
    """
    references = check_references(assembly)
    solids, parts = check_parts(assembly)
    grasps = check_grasps(assembly, solids)
    problems = [*references, *parts, *grasps, *check_tray(assembly, solids)]
    if not references:
        goals = check_goals(assembly, solids)
        impossible = {problem.path[1] for problem in goals}
        paths = check_paths(assembly, solids, impossible)
        impossible |= {problem.path[1] for problem in paths}
        problems += [*goals, *paths]
        problems += check_clearances(assembly, solids, impossible)
        problems += check_depths(assembly, solids, impossible)
        problems += check_hands(assembly, solids, {problem.path[1] for problem in grasps})
    return tuple(problems)
