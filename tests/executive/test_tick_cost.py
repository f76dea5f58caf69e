"""What screens cost a run: measured in pairs, with real screens."""

import json

from typer.testing import CliRunner

from executive.main import app
from executive.operator.tick_cost import Ticks, summed


def test_periods_share_the_time_between_the_first_and_the_last() -> None:
    ticks = Ticks(count=4, first=(1.0, 0.5), last=(1.2, 0.6), slowest_s=0.07)
    assert ticks.as_json() == {"periods": 4, "cpu_ms": 25.0, "wall_ms": 50.0, "slowest_ms": 70.0}
    assert summed([1.2, 1.0, 1.1]) == {"median": 1.1, "least": 1.0, "most": 1.2}


def test_a_pair_does_the_same_work(product_file: str) -> None:
    words = ["benchmark", "operator", "--product", str(product_file), "--cell", "fake", "--screens", "2"]
    done = CliRunner().invoke(app, [*words, "--pairs", "1", "--quiet", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    (pair,) = told["pairs"]
    assert pair["with"]["periods"] == pair["without"]["periods"] > 100
    assert told["screens"] == 2
    assert 0.0 < told["ratio"]["cpu_ms"]["least"] <= told["ratio"]["cpu_ms"]["most"]
