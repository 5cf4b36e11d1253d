"""Pages of thumbnails: whole by themselves, whatever the files are called and hold."""

import base64
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from handler.cli.contact_sheet import GROUPS_A_PAGE, Sheet, Tile, write
from handler.cli.main import main
from handler.cli.thumbnails import SIDE, thumbnail
from handler.core.model import Limits
from tests.pictures import jpeg, near_copy, photo

EVIL = "<script>alert('x')</script>\" onerror=\"alert(1)\u202e.jpg"
SECRET = "taken at my house"
NOWHERE = Limits(max_bytes=1 << 30, max_pixels=1 << 30)


class Elements(HTMLParser):
    """What is in a page: elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(path: Path) -> Elements:
    return Elements(path.read_text("utf-8"))


def test_names_are_text_and_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    tile = Tile(EVIL, [EVIL], [EVIL], thumbnail(jpeg(photo(1)), NOWHERE), [(0.1, 0.35, 0.2, 0.7)], "file:///a%20b")

    (written,) = write(tmp_path / "a.html", EVIL, EVIL, 1, [Sheet(EVIL, [tile, tile])])

    found = page(written)
    assert not found.all("script")
    assert all(set(attributes) <= {"loading", "alt", "src"} for attributes in found.all("img"))
    assert {attributes["alt"] for attributes in found.all("img")} == {EVIL}
    assert all(str(attributes["src"]).startswith("data:image/jpeg;base64,") for attributes in found.all("img"))
    assert found.text.count(EVIL) == 4 + 2 * 3  # of the page, and of each tile
    assert [attributes["style"] for attributes in found.all("i")] == 2 * [
        "top:10.00%;left:20.00%;width:50.00%;height:25.00%"
    ]
    (policy,) = [one["content"] for one in found.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'")


def test_many_groups_are_many_files_that_lead_to_each_other(tmp_path: Path) -> None:
    count = 2 * GROUPS_A_PAGE + 1
    sheets = (Sheet(f"group {number}", [Tile("a", []), Tile("b", [])]) for number in range(count))

    written = write(tmp_path / "all of them.html", "title", "summary", count, sheets)

    assert [path.name for path in written] == ["all of them.html", "all of them-2.html", "all of them-3.html"]
    pages = [page(path) for path in written]
    assert [len(found.all("section")) for found in pages] == [GROUPS_A_PAGE, GROUPS_A_PAGE, 1]
    for number, found in enumerate(pages):
        links = found.all("a")
        assert [link["href"] for link in links] == 2 * [
            "all%20of%20them.html",
            "all%20of%20them-2.html",
            "all%20of%20them-3.html",
        ]
        assert [at for at, link in enumerate(links) if "aria-current" in link] == [number, 3 + number]
    numbers = [int(one) for found in pages for one in re.findall(r"(\d+)\. group", found.text)]
    assert numbers == list(range(1, count + 1))


def test_no_group_is_a_page_that_says_so(tmp_path: Path) -> None:
    (written,) = write(tmp_path / "a.html", "title", "0 groups", 0, [])

    assert "0 groups" in page(written).text


def with_metadata(kind: str) -> bytes:
    image, file = photo(1), BytesIO()
    exif = Image.Exif()
    exif[0x010E] = SECRET
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    further = {"pnginfo": text} if kind == "PNG" else {"comment": SECRET.encode()} if kind == "JPEG" else {}
    image.save(file, kind, exif=exif, icc_profile=SECRET.encode() * 20, **further)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_thumbnails_have_nothing_of_the_file_but_its_pixels(kind: str) -> None:
    body = with_metadata(kind)
    assert SECRET.encode() in body or kind == "PNG"  # whose profile and text may be compressed

    made = thumbnail(body, NOWHERE)

    assert made is not None
    assert SECRET.encode() not in made
    with Image.open(BytesIO(made)) as image:
        assert max(image.size) <= SIDE
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_what_is_no_picture_has_no_thumbnail(tmp_path: Path) -> None:
    assert thumbnail(b"no picture", NOWHERE) is None
    (written,) = write(tmp_path / "a.html", "title", "summary", 1, [Sheet("group", [Tile("a", [])])])

    assert "cannot be shown" in page(written).text


def test_pairs_writes_its_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(jpeg(photo(1)))
    (folder / 'cat & "dog".jpg').write_bytes(jpeg(near_copy(photo(1))))
    (folder / "other.jpg").write_bytes(jpeg(photo(2)))

    assert main(["pairs", str(folder), "--html", str(tmp_path / "out.html")]) == 0

    printed = capsys.readouterr()
    assert str(tmp_path / "out.html") in printed.err
    found = page(tmp_path / "out.html")
    assert len(found.all("section")) == 1
    assert [Path(str(image["alt"])).name for image in found.all("img")] in (
        ["cat.jpg", 'cat & "dog".jpg'],
        ['cat & "dog".jpg', "cat.jpg"],
    )
    assert printed.out.splitlines()[-1] in found.text
    for image in found.all("img"):
        Image.open(BytesIO(base64.b64decode(str(image["src"]).partition(",")[2]))).load()
    assert all(str(link["href"]).startswith("file:///") for link in found.all("a"))


def test_page_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cat.jpg").write_bytes(jpeg(photo(1)))

    assert main(["pairs", str(tmp_path), "--html", str(tmp_path / "no folder" / "out.html")]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lookalike: ")
    assert line.endswith("out.html cannot be written: No such file or directory")
