"""Whether an assembly can be built: all checks that need more than one field, down to the geometry."""

from sequences.assembly import Assembly
from sequences.errors import Problem
from sequences.validate_clearance import check_clearances
from sequences.validate_goals import check_goals
from sequences.validate_grasps import check_grasps
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
    problems = [*references, *parts, *check_grasps(assembly, solids), *check_tray(assembly, solids)]
    if not references:
        goals = check_goals(assembly, solids)
        colliding = {problem.path[1] for problem in goals}
        problems += goals
        problems += check_paths(assembly, solids, colliding)
        problems += check_clearances(assembly, solids, colliding)
    return tuple(problems)
