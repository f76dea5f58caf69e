"""Contact and solver settings, chosen by measurement: they are part of every result.

A gap of half a millimetre survives only if contact is stiff over a tenth of it, and stiff contact survives
only if the solver is left to converge; both were measured before they were chosen (README, "Physics").
"""

from dataclasses import dataclass

import mujoco


@dataclass(frozen=True, slots=True)
class Physics:
    """How time is stepped and how surfaces touch."""

    timestep_s: float = 0.004
    """Integration step [s]."""
    solref: tuple[float, float] = (0.008, 1.0)
    """Contact time constant [s] and damping ratio."""
    solimp: tuple[float, float, float, float, float] = (0.98, 0.99, 0.0002, 0.5, 2.0)
    """Contact impedance: d0, d_width, width [m], midpoint, power."""
    impratio: float = 30.0
    """How much stiffer friction is than normal contact; keeps the plug from creeping in the grasp."""
    joint_friction: float = 1.0
    """Dry friction of the arm's joints, as a multiple of the FR3 model's (1.1 N·m at the large joints)."""
    pad_friction: float = 1.0
    """Sliding friction between finger pad and part."""
    part_friction: float = 1.0
    """Sliding friction between parts, as a multiple of what their sequence file says."""

    def apply(self, spec: mujoco.MjSpec) -> None:
        """Write the options into ``spec``."""
        option = spec.option
        option.timestep = self.timestep_s
        option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        option.solver = mujoco.mjtSolver.mjSOL_NEWTON
        option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        option.impratio = self.impratio
        option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)


NOMINAL = Physics()
"""What runs, trainings and evaluations use."""

VERIFY = Physics(timestep_s=0.002, solref=(0.004, 1.0), solimp=(0.99, 0.999, 0.0001, 0.5, 2.0))
"""Half the step and stiffer contact, for checking that a result does not hang on the settings."""
