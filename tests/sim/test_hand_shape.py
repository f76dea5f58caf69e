"""The hand that files are checked against is the one that is simulated."""

import numpy as np
import pytest

from sequences.fingers import hand_slabs
from sequences.load import load
from sim.cell import SimCell


def test_the_hand_of_the_checks_is_that_of_the_simulator() -> None:
    cell = SimCell(load("bearing_block"), seed=0)
    tcp = cell.observe().tcp_in_base
    opening = cell.observe().gripper_width_m

    def reach(name: str) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner of a box as the tool sees it, upwards positive [m]."""
        box = cell.data.geom(name)
        centre = tcp.inv().apply(box.xpos) * [1.0, 1.0, -1.0]
        turn = tcp.rotation.as_matrix().T @ box.xmat.reshape(3, 3)
        half = np.abs(turn) @ cell.model.geom(name).size
        return centre - half, centre + half

    grasp = load("bearing_block").parts["bushing"].grasps[0]
    x, y, z = np.array(grasp.position_mm) / 1000.0
    pads, taper, knuckle, palm = hand_slabs(grasp, (opening - grasp.width_mm / 1000.0) / 2.0)
    for slab, name in ((pads, "left_pad"), (taper, "left_taper_box"), (knuckle, "left_finger_box")):
        low, high = reach(name)
        assert slab.z_lo - z == pytest.approx(low[2], abs=0.0006)
        finger = max(slab.section.geoms, key=lambda one: one.bounds[3])
        assert finger.bounds[1] - y == pytest.approx(low[1], abs=0.0006)
        assert finger.bounds[3] - y == pytest.approx(high[1], abs=0.0006)
        assert finger.bounds[2] - x >= high[0]
    assert palm.z_lo - z == pytest.approx(reach("hand_box")[0][2], abs=0.0006)
