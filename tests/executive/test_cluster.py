"""Work on a Ray cluster of two machines, both of them here; in processes that give way to other tests."""

import os
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

import pytest

SCRIPT = """
import os, sys, time
from pathlib import Path
from ray.cluster_utils import Cluster
from calibration.evaluation import Conditions
from executive.benchmarks.skills import measured, plan
from executive.workers import carried_out, use_cluster
from sequences.load import load

def do(order, tell, stop_wanted):
    import ray
    if order == "fail":
        raise OSError(2, "no such thing", "a file")
    tell("begun")
    if order == "meet":
        Path(os.environ["MET"], ray.get_runtime_context().get_node_id()).touch()
        while len(os.listdir(os.environ["MET"])) < 2:
            time.sleep(0.01)
    while order == "long" and not stop_wanted():
        time.sleep(0.01)
    return None if order == "long" else order.upper()

def without_times(rows):
    return [{key: value for key, value in row.items() if not key.endswith("_s")} for row in rows]

def on_both(work, stop=lambda: False):
    told = []
    results = carried_out(work, do, 1, lambda: stop() or "long" in work and len(told) == 2,
                          lambda *news: told.append(news))
    return sorted(results), sorted(told)

if __name__ == "__main__":
    small = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**small, "include_dashboard": False})
    cluster.add_node(**small)
    cluster.wait_for_nodes()
    use_cluster(cluster.address)
    print("meet", *on_both(["meet", "meet"]))
    print("stop", *on_both(["long", "long", "long"]))
    try:
        on_both(["a", "fail"])
    except OSError as error:
        print("error", error.filename)
    (panel,) = [load("connector_panel")]
    few = panel.model_copy(update={"steps": panel.steps[:2]})
    work = plan([few], ["push"], Conditions(episodes=8), 0)
    there = measured(work, 1, None, lambda row: None, lambda: False)
    use_cluster("")
    here = measured(work, 1, None, lambda row: None, lambda: False)
    print("rows", len(there), without_times(there) == without_times(here))
    cluster.shutdown()
"""


@pytest.mark.long
def test_two_machines_do_what_one_process_does(tmp_path: Path) -> None:
    script, met = tmp_path / "work.py", tmp_path / "met"
    script.write_text(SCRIPT)
    met.mkdir()
    gently = ["nice", "-n", "19", sys.executable, str(script)]
    done = subprocess.run(
        gently, capture_output=True, text=True, check=False, timeout=270,
        env={**os.environ, "MET": str(met), "RAY_USAGE_STATS_ENABLED": "0",
             "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token_hex(32)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "meet [(0, 'MEET'), (1, 'MEET')] [(0, 'begun'), (1, 'begun')]",
        "stop [] [(0, 'begun'), (1, 'begun')]",
        "error a file",
        "rows 2 True",
    ]


def test_a_cluster_that_is_not_there_is_said_to_be_missing() -> None:
    words = ["--cluster", "127.0.0.1:9", "benchmark", "skills", "--episodes", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "executive.main", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no work can be done on the cluster '127.0.0.1:9'" in done.stderr
