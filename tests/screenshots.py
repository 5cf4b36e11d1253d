"""Take the screenshots of the documents anew: `python -m tests.screenshots`, with Debian's Chromium.

The pictures are scikit-image's, which are in the public domain: the coffee, the astronaut, the cat and the rocket.
"""

import hashlib
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import skimage
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from handler.cli.review.pictures import Pictures
from handler.cli.review.serving import server
from handler.cli.review.session import Session
from handler.core.model import Limits
from handler.log import logger
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, png
from tests.unit.cli.review.conftest import asks

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
CHROMIUM = Path("/usr/bin/chromium")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Shot(NamedTuple):
    """One screenshot."""

    query: str  # of the groups
    width: int
    height: int
    keys: str = ""  # that are pressed then
    compared: bool = False  # the first two, before that
    phone: bool = False


SHOTS: Mapping[str, Shot] = {
    "groups": Shot("", 1440, 900),
    "compare": Shot("", 1440, 900, "f", compared=True),
    "list": Shot("list=stock", 900, 1100, "o"),
    "phone": Shot("", 390, 844, "f", compared=True, phone=True),
}


def filled() -> FakeDeployment:
    """A deployment that has announced some groups, and matches of two lists."""
    coffee, astronaut, cat, rocket = (
        Image.open(PHOTOGRAPHS / name).convert("RGB")
        for name in ("coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg")
    )
    site = FakeDeployment(generation="look1", max_looks=5, lists=("banned", "stock"))
    site.lister().add("banned", site.listed("/home/mo/evidence/rocket.jpg", jpeg(rocket)))
    stock = jpeg(cat)
    etag = hashlib.md5(stock, usedforsecurity=False).hexdigest()
    site.lister().add("stock", site.listed(f"s3://{BUCKET}/stock/cat.jpg", stock, list_name="stock", etag=etag))
    site.put("stock/cat.jpg", stock)
    for key, body in (
        ("astoria/lobby/coffee.jpg", jpeg(coffee.resize((1200, 800)))),
        ("astoria/web/coffee-600.jpg", jpeg(coffee)),
        ("astoria/web/coffee-badge.jpg", jpeg(_with_badge(coffee))),
        ("astoria/staff/eileen.png", png(astronaut)),
        ("astoria/staff/eileen again.png", png(astronaut)),
        ("uploads/launch.jpg", jpeg(rocket)),
        ("uploads/cat.png", png(cat)),
        ("uploads/kitten.jpg", jpeg(cat.resize((300, 200)))),
    ):
        site.upload(key, body)
    return site


def _with_badge(image: Image.Image) -> Image.Image:
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    draw.rectangle((20, 20, 180, 70), fill=(200, 20, 20))
    draw.text((40, 30), "20 % OFF", fill=(255, 255, 255), font_size=28)
    return changed


@contextmanager
def reviewed(site: FakeDeployment) -> Iterator[str]:
    """Serve a review of *site*; yield its address."""
    with ThreadPoolExecutor(1) as executor, socket.create_server(("127.0.0.1", 0)) as listening:
        session, token = Session(asks(site), by="jane", executor=executor), secrets.token_urlsafe()
        serving = server(session, Pictures(site.pictures, Limits()), listening, token)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/?token={token}"
        serving.should_exit = True
        thread.join()


def shoot(page: Page, address: str, shot: Shot, path: Path) -> None:
    """Write the screenshot to *path*."""
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}?{shot.query}")
    if shot.compared:
        page.keyboard.press("c")
        page.wait_for_selector("#stage:focus")  # the last thing that its script does
    page.wait_for_load_state("networkidle")
    for key in shot.keys:
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path, type="jpeg", quality=80)


def main() -> None:
    """Write all of them."""
    logger.setLevel("ERROR")
    with reviewed(filled()) as address, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        for name, shot in SHOTS.items():
            for scheme in SCHEMES:
                context = browser.new_context(
                    viewport={"width": shot.width, "height": shot.height},
                    color_scheme=scheme,
                    has_touch=shot.phone,
                    is_mobile=shot.phone,
                )
                shoot(context.new_page(), address, shot, ASSETS / f"review-{name}-{scheme}.jpg")
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
