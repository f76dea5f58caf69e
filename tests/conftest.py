"""What tests of several floors share."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Banks of starts are kept in a folder of the tests' own."""
    folder = tmp_path_factory.mktemp("banks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.bank.default_cache", lambda: folder)
        yield folder
