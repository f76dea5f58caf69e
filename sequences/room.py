"""How much air there is around a plug that is held somewhere, tilted or not, over what stands already."""

import manifold3d
from scipy.spatial.transform import RigidTransform

from sequences.assembly import Assembly, Step
from sequences.fingers import finger_slabs
from sequences.heights import obstacles
from sequences.solid import Slab, extruded, solid_of


class Room:
    """The space in which ``step``'s part is brought to its start, before it is inserted."""

    def __init__(self, assembly: Assembly, step: Step) -> None:
        part = assembly.parts[step.part]
        fingers = finger_slabs(part.grasps[0]) if part.grasps else ()
        self._held = _body([*solid_of(part).slabs, *fingers])
        self._standing = _body([slab for other in obstacles(assembly, step) for slab in other.slabs])

    def gap(self, plug_in_goal: RigidTransform, most_m: float) -> float:
        """Least distance of plug, fingers and hand from what stands [m]; ``most_m`` where it is larger, and 0
        where they meet."""
        matrix = plug_in_goal.as_matrix()[:3].copy()
        matrix[:, 3] *= 1000.0
        held = self._held.transform(matrix)
        return float(held.min_gap(self._standing, 1000.0 * most_m)) / 1000.0


def _body(slabs: list[Slab]) -> manifold3d.Manifold:
    solids = [extruded(slab.section, slab.z_lo, slab.z_hi) for slab in slabs]
    body = manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add)
    body.num_tri()  # bodies are worked out when they are first asked for something; that takes a while
    return body
