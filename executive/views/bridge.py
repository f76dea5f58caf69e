"""A robot's state as it is shown in the terminal."""

import math

from rich.table import Table

from hardware.messages import State


def state_view(state: State) -> Table:
    """One instant of a robot."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    mood = "[red]latched stop[/]" if state.latched else "[red]" + ", ".join(state.faults) + "[/]"
    x, y, z = (1000.0 * v for v in state.tcp.position_m)
    force, torque = math.hypot(*state.wrench[:3]), math.hypot(*state.wrench[3:])
    joints = " ".join(f"{math.degrees(q):7.1f}" for q in state.joint_positions)
    rows = {
        "arm": f"{state.mode}, {'moving' if state.moving else 'still'}",
        "faults": f"{mood} {state.detail}" if state.faults or state.latched else "none",
        "in control": state.controller or "nobody",
        "TCP": f"{x:7.1f} {y:7.1f} {z:7.1f} mm",
        "joints": f"{joints} °",
        "contact": f"{force:5.1f} N (peak {max(state.peaks_n, default=0.0):.1f}), {torque:.2f} N·m",
        "fingers": f"{1000 * state.gripper_width_m:.1f} mm, {'holding' if state.grasped else 'free'}",
        "clock": f"{state.time_s:.2f} s",
    }
    for name, value in rows.items():
        table.add_row(f"[dim]{name}[/]", value)
    return table
