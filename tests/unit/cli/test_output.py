import pytest

from handler.cli.output import printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("\x1b[31mred\x07\x7f", r"\x1b[31mred\x07\x7f"),
        ("\x85\x9b", r"\x85\x9b"),
        ("cat\u202egnp.exe\u2028", r"cat\u202egnp.exe\u2028"),
        ("\ud800\udfff", r"\ud800\udfff"),
    ],
)
def test_what_would_leave_its_line_is_escaped(text: str, printed: str) -> None:
    assert printable(text) == printed


@pytest.mark.parametrize(
    "name", ["画像 ñ.png", "at 1.00\u202fPM.png", "👩\u200d🔬.jpg", "caf\udce9.png", r"back\slash"]
)
def test_name_that_fits_on_a_line_stays_as_it_is(name: str) -> None:
    assert printable(name) == name
