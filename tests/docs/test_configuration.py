"""`reference/configuration.md` is what template.yaml and the code say."""

from itertools import product
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from handler.config import BASE_MB, COPIES, LEAST_JOURNAL_MB
from handler.core import prices
from handler.core.asked import MEETS
from handler.core.buckets import probe_count
from handler.core.entry import entry_bytes
from handler.core.formats import BYTES_PER_PIXEL
from handler.core.generations import GENERATIONS
from handler.core.look1 import CHECK_BITS, CHECK_RADIUS, CHECK_WORDS_RADIUS, LOOKS_CHECK_RADIUS, RADIUS
from handler.core.model import EFFORTS, ORIENTATIONS
from handler.core.words import CHECK_BYTES
from handler.entries import room_for
from tests.docs.markdown import REFERENCE, ROOT, code, names, table

PAGE = "configuration.md"
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
PARAMETERS: dict[str, dict[str, Any]] = TEMPLATE["Parameters"]
EMPTY = "empty"
FEW = 5  # values that have room in a cell; where there are more, they are listed in a section
LISTED_AT = "loglevel-and-logretentiondays"


def shown(value: object) -> str:
    return f"`{value}`" if value != "" else EMPTY


def allowed(parameter: dict[str, Any]) -> str:
    """The values that the template takes, as the table writes them."""
    match parameter:
        case {"MinValue": low, "MaxValue": high}:
            return f"{low} to {high}"
        case {"AllowedValues": values} if len(values) > FEW:
            return f"one of [these](#{LISTED_AT})"
        case {"AllowedValues": values}:
            return ", ".join(map(shown, values))
        case {"ConstraintDescription": constraint}:
            return str(constraint).removeprefix("must be ").replace("http://host:port", "`http://host:port`")
        case _:
            raise AssertionError(f"the template allows anything: {parameter}")


def test_parameters_with_defaults_and_ranges() -> None:
    documented = {code(name)[0]: (default, values) for name, default, values, _ in table(PAGE, "Parameters")}

    assert documented == {name: (shown(one["Default"]), allowed(one)) for name, one in PARAMETERS.items()}


def test_parameters_are_in_the_order_in_which_sam_asks() -> None:
    assert names(table(PAGE, "Parameters")) == list(PARAMETERS)


def test_values_that_have_no_room_in_the_table() -> None:
    text = " ".join((REFERENCE / PAGE).read_text().split())
    many = [one["AllowedValues"] for one in PARAMETERS.values() if len(one.get("AllowedValues", ())) > FEW]

    assert [values for values in many if ", ".join(map(shown, values)) not in text] == []


def test_each_parameter_has_a_section_of_its_own() -> None:
    text = (REFERENCE / PAGE).read_text()
    headings = [line.lstrip("# ") for line in text.splitlines() if line.startswith("###")]

    assert [name for name in PARAMETERS if not any(name in heading.split() for heading in headings)] == []


def test_outputs() -> None:
    assert names(table(PAGE, "Outputs")) == list(TEMPLATE["Outputs"])


def test_buckets_that_each_radius_reads_and_what_they_cost() -> None:
    for radius, buckets, dollars in table(PAGE, "Radius"):
        count = probe_count(int(radius))

        assert (buckets, dollars) == (f"{count:,}", f"{count * prices.READ_UNIT * 1e6:.2f}")


def test_comparisons_of_each_effort_and_orientations() -> None:
    documented = {tuple(code(cell)[0] for cell in row[:2]): row[2] for row in table(PAGE, "Effort")}

    assert documented == {
        (effort, name): str(_comparisons(effort, turns))
        for effort, (name, turns) in product(EFFORTS, ORIENTATIONS.items())
    }


def _comparisons(effort: str, orientations: tuple[int, ...]) -> int:
    upright, turned = (sum(map(len, table)) for table in MEETS[effort])
    return upright + (len(orientations) - 1) * turned


def test_memory_that_each_format_takes() -> None:
    documented = {name: int(most) for name, most in table(PAGE, "MemorySize")}

    assert documented == BYTES_PER_PIXEL


def test_figures_in_the_text() -> None:
    text = " ".join((REFERENCE / PAGE).read_text().split())
    defaults = {name: parameter["Default"] for name, parameter in PARAMETERS.items()}
    decoding = ((defaults["MemorySize"] - BASE_MB) << 20) - COPIES * defaults["MaxBytes"]
    largest = max(BYTES_PER_PIXEL.values())
    left = decoding - largest * defaults["MaxPixels"]
    bytes_each = _bytes_each()

    for said in (
        f"all of it but {BASE_MB} MB, {COPIES} x `MaxBytes`, and the first {LEAST_JOURNAL_MB} MB of",
        f"At least {LEAST_JOURNAL_MB} MB are left to it",
        f"`MemorySize` - {BASE_MB} MB - {COPIES} x `MaxBytes` - {largest} bytes x `MaxPixels`. That is {left >> 20} MB "
        "at the defaults",
        f"{bytes_each['look1']} bytes a picture by `look1`, {bytes_each['phash1']} by `phash1`, and a sixteenth more",
        f"the hash and the first {8 * CHECK_BYTES} check bits differ in at most {CHECK_WORDS_RADIUS} bits together",
        f"of all {CHECK_BITS}, plus twice the distance is at most {LOOKS_CHECK_RADIUS}",
        f"announced if at most {RADIUS} bits of the hash differ, and at most {CHECK_RADIUS} of the check bits",
    ):
        assert said in text


def _bytes_each() -> dict[str, int]:
    return {name: entry_bytes(generation.word_count) for name, generation in GENERATIONS.items()}


def test_pictures_that_a_journal_has_room_for() -> None:
    rows = table(PAGE, "JournalMemory")

    memory = PARAMETERS["JournalMemory"]
    assert [int(row[0].split()[0]) for row in rows][2:] == [memory["Default"], memory["MaxValue"]]
    for megabytes, *told in ([cell.split()[0] for cell in row] for row in rows):
        for millions, each in zip(told, _bytes_each().values(), strict=True):
            pictures = (int(megabytes) << 20) / each * 10**6 / room_for(10**6)
            assert float(millions) == pytest.approx(pictures / 10**6, rel=0.06)


def test_memory_that_is_enough_for_so_many_megapixels() -> None:
    text = " ".join((REFERENCE / PAGE).read_text().split())
    default, most = PARAMETERS["MaxBytes"]["Default"], PARAMETERS["MaxBytes"]["MaxValue"]
    least, usual = PARAMETERS["MemorySize"]["MinValue"], PARAMETERS["MemorySize"]["Default"]

    def megapixels(memory_mb: int, max_bytes: int, name: str) -> int:
        left: int = ((memory_mb - BASE_MB - LEAST_JOURNAL_MB) << 20) - COPIES * max_bytes
        return left // BYTES_PER_PIXEL[name] // 10**6

    jpeg, avif = (megapixels(least, default, name) for name in ("JPEG", "AVIF"))
    assert f"{least} MB are enough for {jpeg} megapixels as JPEG and {avif} as AVIF" in text
    assert f"{usual} MB for {megapixels(usual, default, 'AVIF')} as AVIF" in text
    jpeg, avif = (megapixels(least, most, name) for name in ("JPEG", "AVIF"))
    assert (
        f"With the largest `MaxBytes`, {least} MB are enough for {jpeg} megapixels as JPEG and {avif} as AVIF" in text
    )
