"""The FR3 and its hand as MuJoCo elements: the model of franky-sim with our gripper and our controller.

The controller is a Cartesian impedance: six site actuators pull the TCP towards a mocap body ("target")
with a force clipped per axis. Both frames turn together, so no rotation is ever near the singularity of
the exponential map, and spring, damper and clip run in C at every physics step.
"""

from dataclasses import dataclass
from pathlib import Path

import franky_sim
import mujoco
import numpy as np

from sim.physics import Physics
from skills.cell import Compliance, Vector

MODEL = Path(franky_sim.__file__).parent / "assets" / "fr3.xml"
ARM_JOINTS = tuple(f"fr3_joint{i}" for i in range(1, 8))
FINGER_JOINTS = ("finger_joint1", "finger_joint2")
HOME = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 1.9, np.pi / 4])
"""Joint angles [rad] with the hand above the middle of the table, pointing down."""

TCP_IN_HAND = (0.0, 0.0, 0.1034)
MAX_OPENING_M = 0.08
GRIPPER_GAIN, GRIPPER_DAMPING = 8000.0, 40.0
"""Position gain [N/m] and damping [N·s/m] of the finger drive; its force is clipped."""
EFFECTIVE_MASS_KG = 3.5
EFFECTIVE_INERTIA = 0.08
"""What the arm weighs at the TCP [kg, kg m²], roughly; sets the damping of the spring."""

_PAD_HALF_M = (0.0085, 0.0072, 0.0085)
_PAD_POS_M = (0.0, 0.0072, 0.0450)
_TAPER_HALF_M = (0.0095, 0.0070, 0.0078)
_TAPER_POS_M = (0.0, 0.0115, 0.0287)
_FINGER_HALF_M = (0.0105, 0.0119, 0.0105)
_FINGER_POS_M = (0.0, 0.0144, 0.0105)
_HAND_HALF_M = (0.0316, 0.102, 0.046)
_HAND_POS_M = (0.0, -0.0018, 0.020)

HAND, PART, PAD, ROOM = 1, 2, 4, 8
"""Collision classes: hand and fingers, exact pieces of parts, finger pads, and table, tray and fixture."""


@dataclass(frozen=True, slots=True)
class Actuators:
    """Indices of the actuators in ``ctrl``."""

    spring: slice
    posture: slice
    gripper: int


def load_fr3(physics: Physics, *, visuals: bool) -> mujoco.MjSpec:
    """The arm with hand, controller and wrist sensing, on its own.

    Only the hand and the fingers collide: the arm moves well above everything. ``visuals`` keeps the meshes
    that are only looked at.
    """
    spec = mujoco.MjSpec.from_file(str(MODEL))
    spec.meshdir = str(MODEL.parent / "meshes")
    for key in list(spec.keys):
        spec.delete(key)
    for actuator in list(spec.actuators):
        spec.delete(actuator)
    for geom in list(spec.geoms):
        if visuals and geom.classname.name == "visual":
            geom.mass = 0.0
        else:
            spec.delete(geom)
    if not visuals:
        for mesh in list(spec.meshes):
            spec.delete(mesh)
    for body in spec.bodies:
        body.gravcomp = 1.0
    for name in ARM_JOINTS:
        joint = spec.joint(name)
        joint.frictionloss = joint.frictionloss * physics.joint_friction
    for name in FINGER_JOINTS:
        joint = spec.joint(name)
        joint.solref_limit, joint.solimp_limit = (0.008, 1.0), (0.98, 0.99, 0.0002, 0.5, 2.0)
        joint.frictionloss, joint.armature, joint.damping = 0.0, 0.2, np.array([4.0, 0.0, 0.0])
    _add_hand_geometry(spec, physics)
    _add_controller(spec)
    _add_gripper(spec)
    _add_wrench_sensor(spec)
    return spec


def _add_hand_geometry(spec: mujoco.MjSpec, physics: Physics) -> None:
    def box(body: mujoco.MjsBody, name: str, size: Vector, pos: Vector) -> mujoco.MjsGeom:
        return body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size,
            pos=pos,
            mass=0.0,
            contype=HAND,
            conaffinity=0,
            condim=4,
            solref=physics.solref,
            solimp=physics.solimp,
            group=3,
        )

    box(spec.body("hand"), "hand_box", np.array(_HAND_HALF_M), np.array(_HAND_POS_M))
    for side in ("left", "right"):
        finger = spec.body(f"{side}_finger")
        box(finger, f"{side}_finger_box", np.array(_FINGER_HALF_M), np.array(_FINGER_POS_M))
        box(finger, f"{side}_taper_box", np.array(_TAPER_HALF_M), np.array(_TAPER_POS_M))
        pad = box(finger, f"{side}_pad", np.array(_PAD_HALF_M), np.array(_PAD_POS_M))
        pad.contype = PAD
        pad.friction = [physics.pad_friction, 0.02, 0.0001]
        pad.priority = 1


def _add_controller(spec: mujoco.MjSpec) -> None:
    spec.body("hand").add_site(name="tcp", pos=TCP_IN_HAND)
    target = spec.worldbody.add_body(name="target", mocap=True)
    target.add_site(name="target")
    for axis in range(6):
        gear = np.zeros(6)
        gear[axis] = 1.0
        spec.add_actuator(
            name=f"spring_{'xyzuvw'[axis]}",
            trntype=mujoco.mjtTrn.mjTRN_SITE,
            target="tcp",
            refsite="target",
            gear=gear,
            gaintype=mujoco.mjtGain.mjGAIN_FIXED,
            biastype=mujoco.mjtBias.mjBIAS_AFFINE,
            forcelimited=True,
            forcerange=[-1.0, 1.0],
        )
    for name in ARM_JOINTS:
        spec.add_actuator(name=f"posture_{name}", trntype=mujoco.mjtTrn.mjTRN_JOINT, target=name)


def _add_gripper(spec: mujoco.MjSpec) -> None:
    spec.add_actuator(
        name="gripper",
        trntype=mujoco.mjtTrn.mjTRN_TENDON,
        target="split",
        gaintype=mujoco.mjtGain.mjGAIN_FIXED,
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        gainprm=_padded(GRIPPER_GAIN),
        biasprm=_padded(0.0, -GRIPPER_GAIN, -GRIPPER_DAMPING),
        forcelimited=True,
        forcerange=[-80.0, 80.0],
    )


def _add_wrench_sensor(spec: mujoco.MjSpec) -> None:
    data = mujoco.mjtConDataField
    fields = (data.mjCONDATA_FOUND, data.mjCONDATA_FORCE, data.mjCONDATA_TORQUE, data.mjCONDATA_POS)
    net_force = 3
    spec.add_sensor(
        name="hand_contact",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=mujoco.mjtObj.mjOBJ_XBODY,
        objname="hand",
        intprm=[sum(1 << int(field) for field in fields), net_force, 1],
    )


def actuators(model: mujoco.MjModel) -> Actuators:
    """Where the controller's, the posture's and the gripper's actuators are."""
    spring = model.actuator("spring_x").id
    posture = model.actuator(f"posture_{ARM_JOINTS[0]}").id
    return Actuators(slice(spring, spring + 6), slice(posture, posture + 7), model.actuator("gripper").id)


def spring_parameters(compliance: Compliance) -> tuple[Vector, Vector, Vector]:
    """Stiffness, damping and clip of the six springs, each (6,): x, y, z, then the turns about them."""
    linear, angular = compliance.stiffness, compliance.rotational_stiffness
    stiffness = np.repeat([linear, angular], 3)
    weight = np.repeat([EFFECTIVE_MASS_KG, EFFECTIVE_INERTIA], 3)
    damping = 2.0 * compliance.damping_ratio * np.sqrt(stiffness * weight)
    return stiffness, damping, np.array([*compliance.clip_m, *[compliance.rotational_clip_rad] * 3])


def set_compliance(model: mujoco.MjModel, compliance: Compliance) -> None:
    """Write a spring into the model's site actuators (axes of the TCP's target frame)."""
    rows = actuators(model).spring
    stiffness, damping, clip = spring_parameters(compliance)
    model.actuator_gainprm[rows, 0] = stiffness
    model.actuator_biasprm[rows, :3] = np.stack([np.zeros(6), -stiffness, -damping], axis=1)
    model.actuator_forcerange[rows] = np.stack([-stiffness * clip, stiffness * clip], axis=1)


def trailing_s(compliance: Compliance) -> float:
    """How far the TCP trails a steadily moving target [s]."""
    return float(2.0 * compliance.damping_ratio * np.sqrt(EFFECTIVE_MASS_KG / compliance.stiffness))


def _padded(*values: float) -> Vector:
    """Parameters as MuJoCo stores them, filled up with zeros."""
    return np.pad(np.asarray(values), (0, 10 - len(values)))
