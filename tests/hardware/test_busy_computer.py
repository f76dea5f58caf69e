"""A computer that is busy for a moment: the simulated robot waits, and does not call its client abrupt."""

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.realtime

CLIENT = """
import json, time
from hardware.simulated import simulated_arm
from hardware.springs import POSTURE
from sequences.load import load
from sim.noise import EXACT

arm, made = simulated_arm(load("bearing_block"), noise=EXACT, realtime_factor=0.0), 0
print("ready", flush=True)
ends = time.monotonic() + 6.0
while (time.monotonic() < ends or made < 3) and arm.state().fault is None:
    made += 1
    arm.move_joints(POSTURE + 0.15 * (made % 2), 0.5)
    while (state := arm.state()).moving:
        time.sleep(0.002)
print(json.dumps({"made": made, "fault": arm.state().fault}))
arm.close()
"""


def test_a_motion_outlasts_moments_in_which_its_client_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", CLIENT], stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            for _ in range(10):
                time.sleep(0.2)
                client.send_signal(signal.SIGSTOP)
                time.sleep(0.3)
                client.send_signal(signal.SIGCONT)
            told = json.loads(client.stdout.readline())
        finally:
            client.kill()
    assert told["fault"] is None
    assert told["made"] >= 3
