"""The page in a real browser: keys, the large view, and what people need who do not see it or use no mouse."""

import re
import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from handler.cli.review.invitation import Invitation
from handler.cli.review.pictures import Pictures
from handler.cli.review.serving import server
from handler.cli.review.session import Session
from handler.core.model import Limits
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.cli.review.conftest import asks

CHROMIUM = Path("/usr/bin/chromium")
PAGES = ("/", "/compare", "/rules", "/decisions", "/export", "/?list=banned", "/?list=stock")
SIZES = {"phone": (390, 844), "tablet": (900, 1100), "desk": (1440, 900)}

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: .ci/run installs Debian's"),
]


class Review(NamedTuple):
    """A review that runs."""

    address: str  # the first one
    session: Session
    invitation: Invitation

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]

    @property
    def decisions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.ask({"method": "GET", "path": "/v1/decisions"})["decisions"]
        return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def review(deployment: FakeDeployment) -> Iterator[Review]:
    with ThreadPoolExecutor(1) as executor, socket.create_server(("127.0.0.1", 0)) as listening:
        session, token = Session(asks(deployment), by="jane", executor=executor), secrets.token_urlsafe()
        invitation = Invitation()
        serving = server(session, Pictures(deployment.pictures, Limits()), listening, token, invitation)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        yield Review(f"http://127.0.0.1:{listening.getsockname()[1]}/?token={token}", session, invitation)
        serving.should_exit = True
        thread.join()


@pytest.fixture
def page(chromium: Browser, review: Review) -> Iterator[Page]:
    """The groups, in a browser that takes every refusal of the policy and every error for a failure."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as context:
        page, wrong = context.new_page(), list[str]()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(review.address)
        yield page
        assert wrong == []


def open_groups(page: Page) -> Any:
    return page.locator("article.group:not(.decided)")


def compare(page: Page) -> None:
    """Open the large view of the group that is outlined."""
    page.keyboard.press("c")
    expect(page.locator("#stage")).to_be_focused()  # the last thing that its script does


def pixels(page: Page) -> str:
    return str(page.locator("#lens").evaluate("lens => lens.style.transform"))


def test_file_opens_the_page_once(chromium: Browser, review: Review) -> None:
    with chromium.new_context() as context, review.invitation.written(review.origin) as file:
        page, kept = context.new_page(), file.read_text()
        page.goto(file.as_uri())
        expect(open_groups(page)).to_have_count(2)
        assert page.url == review.origin + "/"
        assert not file.exists()
        (cookie,) = context.cookies()
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")

        file.write_text(kept)
        page.goto(file.as_uri())

        expect(page.get_by_text("this opened the page once")).to_be_visible()


def test_all_pictures_are_drawn(page: Page) -> None:
    expect(open_groups(page)).to_have_count(2)
    page.wait_for_function("() => [...document.images].every(image => image.complete && image.naturalWidth)")


def test_keys_decide_about_the_group_that_is_outlined_and_take_it_back(page: Page, review: Review) -> None:
    first = str(open_groups(page).first.get_attribute("id"))
    expect(page.locator("article.current")).to_have_attribute("id", first)

    page.keyboard.press("d")

    expect(page.locator(f"#{first}")).to_have_class("group decided")
    expect(page.locator("#said")).to_contain_text("Decided: they are different")
    expect(open_groups(page).first).to_be_focused()  # the next one
    assert {one["verdict"] for one in review.decisions} == {"different"}

    page.keyboard.press("u")

    expect(open_groups(page)).to_have_count(2)
    expect(page.locator(f"#{first}")).to_be_focused()
    assert review.decisions == []


@pytest.mark.parametrize("opened", ["groups", "compare"])
def test_note_is_written_and_the_keys_act_on(page: Page, review: Review, opened: str) -> None:
    if opened == "compare":
        compare(page)
    page.keyboard.press("t")
    expect(page.get_by_label("Note", exact=True).first).to_be_focused()

    page.keyboard.type("dust on d and b")
    page.keyboard.press("Enter")
    assert review.decisions == []
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("d")

    assert {one["note"] for one in review.decisions} == {"dust on d and b"}


@pytest.mark.parametrize("opened", ["groups", "compare"])
def test_next_key_is_the_notes_however_fast_it_is_typed(page: Page, opened: str) -> None:
    if opened == "compare":
        compare(page)

    focused = page.evaluate("""() => {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "t", bubbles: true }));
        return document.activeElement.name;
    }""")

    assert focused == "note"


def test_note_is_given_up(page: Page, review: Review) -> None:
    page.keyboard.press("t")
    page.keyboard.type("no")
    page.keyboard.press("Escape")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("2")

    assert {one["note"] for one in review.decisions} == {None}


def test_lists_are_announced_on_the_first_page_and_their_commands_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="banned Uploads match 1 entry of this list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Matches of the list banned")
    page.wait_for_function("() => [...document.images].every(image => image.complete && image.naturalWidth)")

    page.keyboard.press("o")
    page.get_by_role("button", name="Copy").first.click()

    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith(" --bucket pictures --key=bad.jpg\n")


def test_filters_are_folded_away_on_a_phone_unless_one_is_set(page: Page) -> None:
    agreement = page.locator("select[name=agreement]")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(agreement).to_be_hidden()
    page.get_by_text("Filters", exact=True).click()
    agreement.select_option("0.8")
    page.get_by_role("button", name="Filter", exact=True).click()

    expect(page).to_have_url(re.compile("agreement=0.8"))
    expect(agreement).to_be_visible()


def test_skip_goes_to_the_next_group_and_w_back(page: Page) -> None:
    page.keyboard.press("s")
    expect(page.locator("article.current")).to_have_attribute("id", str(open_groups(page).last.get_attribute("id")))
    page.keyboard.press("w")
    expect(page.locator("article.current")).to_have_attribute("id", str(open_groups(page).first.get_attribute("id")))


def test_keys_are_given_others_which_the_page_shows(page: Page, review: Review) -> None:
    page.keyboard.press("?")
    field = page.get_by_label("Different", exact=True)
    field.focus()
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(open_groups(page).first.locator("[data-action=different] kbd")).to_have_text("x")
    page.reload()

    page.keyboard.press("d")
    page.keyboard.press("x")

    expect(open_groups(page)).to_have_count(1)
    assert {one["verdict"] for one in review.decisions} == {"different"}


def test_keys_can_be_switched_off(page: Page, review: Review) -> None:
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Keys act").uncheck()
    page.get_by_role("button", name="Close").click()

    page.keyboard.press("d")

    expect(open_groups(page).first.locator("kbd")).to_have_count(0)
    assert review.decisions == []


def test_two_pictures_flip_in_one_place(page: Page) -> None:
    compare(page)
    expect(page.locator(".large:visible")).to_have_attribute("data-shot", "0")
    page.keyboard.press("+")
    page.locator("#stage").hover()
    page.mouse.wheel(0, -200)
    zoomed = pixels(page)
    assert "scale(1)" not in zoomed

    page.keyboard.press("f")
    expect(page.locator(".large:visible")).to_have_attribute("data-shot", "1")
    expect(page.locator("#which")).to_contain_text("Second")
    assert pixels(page) == zoomed
    page.keyboard.down(" ")
    expect(page.locator(".large:visible")).to_have_attribute("data-shot", "0")
    page.keyboard.up(" ")
    expect(page.locator(".large:visible")).to_have_attribute("data-shot", "1")
    page.keyboard.press("0")
    assert "scale(1)" in pixels(page)


def test_pictures_blink_by_themselves_until_they_are_told_not_to(page: Page) -> None:
    page.clock.install()
    compare(page)
    page.keyboard.press("a")
    for seen in ("1", "0", "1"):
        page.clock.run_for(600)
        expect(page.locator(".large:visible")).to_have_attribute("data-shot", seen)

    page.keyboard.press("a")

    page.clock.run_for(6000)
    expect(page.locator(".large:visible")).to_have_attribute("data-shot", "1")


def test_picture_is_dragged_and_stays_in_the_frame(page: Page) -> None:
    compare(page)
    for _ in range(3):
        page.keyboard.press("+")
    before = pixels(page)

    box = page.locator("#stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 180)
    page.mouse.up()

    assert pixels(page) != before
    page.mouse.down()
    page.mouse.move(box["x"] + 9000, box["y"] + 9000)
    page.mouse.up()
    assert pixels(page).startswith("translate(0px, 0px)")


def test_decision_in_the_large_view_goes_on_to_the_next_group_and_undo_comes_back(page: Page, review: Review) -> None:
    page.goto(page.url + "?kind=exact")
    compare(page)
    compared = page.url

    page.keyboard.press("2")

    expect(page).not_to_have_url(compared)
    assert [one["verdict"] for one in review.decisions] == ["keep_one"]
    page.go_back()
    page.reload()
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # the button waits for it, disabled too
        page.keyboard.press("u")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert review.decisions == []


def test_rule_is_shown_done_and_undone(page: Page, review: Review) -> None:
    page.goto(page.url + "rules?kind=exact")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("button", name="Do it: 1 decision").click()
    expect(page.get_by_text("1 decision stored, about 1 group")).to_be_visible()
    assert len(review.decisions) == 1

    page.get_by_role("button", name="Undo all of it").click()

    expect(page.get_by_role("button", name="Undo all of it")).to_have_count(0)
    assert review.decisions == []


def test_picture_that_is_gone_says_so(chromium: Browser, review: Review, deployment: FakeDeployment) -> None:
    del deployment.pictures.objects["pictures", "x.jpg"]
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(review.address)

        expect(page.get_by_text("x.jpg: it is gone")).to_be_visible()


def test_keys_of_objects_run_nothing(page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    page.reload()

    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    assert dialogs == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_keep_to_the_rules_of_accessibility(
    chromium: Browser, review: Review, size: str, scheme: Any, tmp_path: Path
) -> None:
    width, height = SIZES[size]
    with chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(review.address)
        group = str(open_groups(page).first.get_attribute("id")).removeprefix("g-")
        name = str(open_groups(page).last.get_attribute("id")).removeprefix("g-")
        page.locator(f"#g-{name}").get_by_role("button", name="Keep best").click()
        expect(page.locator(f"#g-{name}")).to_have_class("group decided current")
        for address in PAGES:
            page.goto(review.address.partition("?")[0].rstrip("/") + address.replace("/compare", f"/compare/{group}"))
            page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert not too_wide, address
            page.screenshot(path=tmp_path / f"{size}-{scheme}-{address.strip('/?') or 'groups'}.png")


def test_dialog_of_keys_keeps_to_them_too(page: Page) -> None:
    page.keyboard.press("?")

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


def test_many_groups_are_paged(page: Page, deployment: FakeDeployment) -> None:
    for number in range(21):
        for copy in "ab":
            deployment.upload(f"{number}{copy}.jpg", jpeg(photo(number + 20)))
    page.reload()
    expect(open_groups(page)).to_have_count(20)

    page.keyboard.press("n")

    expect(open_groups(page)).to_have_count(3)
