"""Reading files: what is accepted, and what a hostile or clumsy file meets."""

import contextlib
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequences.errors import (
    MOST_PROBLEMS_SHOWN,
    AssemblyError,
    Problem,
    UnknownProduct,
    clipped,
    field_text,
    suggest,
)
from sequences.load import bundled, load, parse
from sequences.reading import LARGEST_FILE, MOST_NODES, read

BENCH = Path(__file__).parent / "bench.yaml"


def plain(text: str) -> object:
    return read(text.encode(), "f").plain


def refused(data: bytes) -> AssemblyError:
    with pytest.raises(AssemblyError) as caught:
        parse(data, "f.yaml")
    return caught.value


def test_a_sound_file_loads() -> None:
    bench = load(BENCH)
    assert bench.name == "bench"
    assert [step.part for step in bench.steps] == ["pin", "post", "ring"]
    assert load(str(BENCH)) == bench


@pytest.mark.parametrize("change", [lambda d: d.replace(b"\n", b"\r\n"), lambda d: b"\xef\xbb\xbf" + d])
def test_windows_files_load(change) -> None:  # type: ignore[no-untyped-def]
    assert parse(change(BENCH.read_bytes()), "f.yaml") == load(BENCH)


@pytest.mark.parametrize("name", bundled())
def test_bundled_products_load(name: str) -> None:
    assert load(name).name == name


def test_an_unknown_product_names_what_exists() -> None:
    with pytest.raises(UnknownProduct, match="nonesuch: is neither a bundled product nor a file") as caught:
        load("nonesuch")
    assert caught.value.known == bundled()


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["/dev/zero", "/", "a\0b.yaml"])
def test_only_regular_files_are_read(name: str) -> None:
    with pytest.raises(AssemblyError, match="cannot be read"):
        load(name)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    assert "larger than 1000 kB" in str(refused(b"#" * (LARGEST_FILE + 1)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-2", -2), ("010", 10), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("-.inf", -math.inf),
        ("true", True), ("false", False), ("~", None), ("null", None), ("no", "no"), ("yes", "yes"),
        ("1_000", "1_000"), ("12:30", "12:30"), ("0x10", "0x10"), ("2026-01-01", "2026-01-01"), ("'1'", "1"),
        ("9" * 30, 1e30), ("[1, a]", [1, "a"]), ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = plain(text)
    assert found == value
    assert type(found) is type(value)


def test_aliases_repeat_a_value_and_keep_their_own_line() -> None:
    root = read(b"a: &x [1, 2]\nb:\n  c: *x\n", "f")
    assert root.plain == {"a": [1, 2], "b": {"c": [1, 2]}}
    assert root.find(("b", "c"))[0].line == 3
    assert root.find(("b", "c", 0))[0].line == 1


def test_the_number_of_values_is_bounded() -> None:
    data = b"a: [" + b"1," * (MOST_NODES + 1) + b"]"
    assert "more than 50000 values" in str(refused(data))


def test_a_path_that_leaves_the_tree_ends_where_it_does() -> None:
    root = read(b"a: {b: [1]}\n", "f")
    assert root.find(("a", "b", 7, "c"))[1] == ("a", "b")


def test_many_problems_fit_on_one_screen() -> None:
    data = b"".join(b"key%d: 1\n" % index for index in range(500))
    lines = str(refused(data)).splitlines()
    assert len(lines) == 2 + 2 * MOST_PROBLEMS_SHOWN
    assert lines[-1].startswith("and ")


def test_nothing_in_a_file_reaches_the_terminal_as_a_command() -> None:
    text = str(refused(b'"\\e[2J\\u202e": 1\n"' + b"x" * 5000 + b'": 1\n'))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) < 500


def test_problems_are_attributes_too() -> None:
    problem = next(p for p in refused(b"name: 3\n").problems if p.field == "name")
    assert (problem.line, problem.value, problem.message) == (1, "3", "is not text")
    assert problem.hint == "put it in quotes: '3'"


def test_problems_come_in_the_order_of_the_file() -> None:
    error = AssemblyError("f", [Problem(("b",), "y", "h", line=9), Problem(("a",), "x", "h", line=2)])
    assert [problem.line for problem in error.problems] == [2, 9]


def test_words() -> None:
    assert field_text(("steps", 2, "goal", "yaw_deg")) == "steps[2].goal.yaw_deg"
    assert suggest("gearbx", ["gearbox", "motor"]) == "did you mean 'gearbox'?"
    assert suggest("zebra", ["gearbox", "motor"]) == "there is gearbox, motor"
    assert suggest("zebra", []) == "there is none to choose from"
    assert clipped("a" * 100) == "a" * 59 + "…"
    assert clipped("a\nb\x1b") == "a\\nb\\x1b"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_assembly_error(data: bytes) -> None:
    assert str(refused(data)).startswith("f.yaml: ")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abc:-[]{}&*!|>'\"#%@, \n\t01.", max_size=80))
def test_any_yamlish_text_ends_in_an_assembly_error(text: str) -> None:
    assert str(refused(text.encode())).startswith("f.yaml: ")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_with_any_line_damaged_never_ends_in_another_error(data: st.DataObject) -> None:
    lines = BENCH.read_text().splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index] = data.draw(
        st.sampled_from([lines[index][:-1], lines[index] + " x", "", lines[index].replace(": ", ":", 1)])
    )
    with contextlib.suppress(AssemblyError):
        parse("\n".join(lines).encode(), "f.yaml")
