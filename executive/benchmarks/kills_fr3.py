"""The kill campaign on a simulated FR3: bridge and client die, the robot lives on with its parts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from executive.benchmarks.faults import campaign as faults
from executive.benchmarks.kill_check import troubles
from executive.benchmarks.kills import Row, Setting, Victim
from executive.journal import Journal
from hardware.proving_ground import KILLED_CLIENT, KILLED_SERVER
from sequences.files import write_whole
from sequences.load import load

VICTIMS = {KILLED_CLIENT: Victim.EXECUTIVE, KILLED_SERVER: Victim.BRIDGE}


def bridge_campaign(
    setting: Setting,
    kills: int,
    seed: int,
    out: Path | None,
    told: Callable[[Row], None],
    stop_wanted: Callable[[], bool],
) -> tuple[list[Row], list[Row]]:
    """See :func:`executive.benchmarks.kills.campaign`; rows and journals stay in the setting's folder too."""

    def retold(blow: dict[str, Any]) -> None:
        told(_death(blow))

    blows, done = faults(
        load(setting.product), kills, seed, setting.policy, setting.runs_dir, retold, stop_wanted,
        kinds=tuple(VICTIMS),
    )  # fmt: skip
    deaths = [_death(blow) for blow in blows]
    journal = Journal(setting.runs_dir)
    products = [_product(journal, row) for row in done]
    journal.close()
    if out is not None:
        write_whole(out, (json.dumps({"deaths": deaths, "products": products}, indent=1) + "\n").encode())
    return deaths, products


def _death(blow: dict[str, Any]) -> Row:
    return {**blow, "victim": str(VICTIMS[blow["kind"]])}


def _product(journal: Journal, row: dict[str, Any]) -> Row:
    run = row["run"]
    if run is None:
        return {**row, "problems": ["no run was ever begun"]}
    events = journal.events(run)
    wrong = [f"the bridge acted wrongly: {what}" for what in row["wrong"]]
    resumed = sum(event.kind == "resumed" for event in events)
    return {**row, "resumed": resumed, "problems": [*troubles(journal.row(run), events, ()), *wrong]}
