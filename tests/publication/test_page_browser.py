"""The page as people meet it: Chromium, keyboard, live, axe."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, async_playwright, expect

from gmsd_publication.http.page_model import gemeenten
from tests.publication.conftest import Site, open_site
from tests.publication.methods import Proving
from tests.publication.world import consent, populated, snapshot

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]
CHOICE = "/?gemeente=Utrecht&vergelijk=Zwolle"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(site: Site, path: str = "/", **context: Any) -> AsyncIterator[Page]:
    """A page that fails the test on any error in its console."""
    async with chromium() as browser:
        visitor = await browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | context))
        page = await visitor.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(site.url + path)
        yield page
        assert complaints == []


async def out(site: Site, name: str = "a", seed: int = 1) -> None:
    await site.say(await snapshot(site.content, populated(seed=seed, people=3000), name))
    await site.look()


async def audit(page: Page) -> None:
    result = await Axe().run(page)
    serious = [found for found in result.response["violations"] if found["impact"] in ("serious", "critical")]
    assert serious == [], [(found["id"], found["nodes"][0]["html"][:200]) for found in serious]


async def test_choose_compare_and_read(site: Site) -> None:
    await out(site)
    await site.say(consent("GM0141", False, 1))
    await site.look()
    async with opened(site) as page:
        await expect(page.get_by_role("heading", name="Nederland", exact=True)).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Naar de cijfers")).to_be_focused()
        await page.get_by_label("Gemeente", exact=True).fill("utrecht")
        await page.keyboard.press("Tab")
        await page.keyboard.type("GM0193")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Utrecht, Zwolle en Nederland")).to_be_visible()
        await expect(page).to_have_title(
            "Utrecht: Wmo-gebruik, tweede halfjaar van 2025 – Gemeentelijke Monitor Sociaal Domein"
        )
        assert await page.locator("html").get_attribute("lang") == "nl"
        await expect(page.get_by_text("Nederland: exclusief Almelo (geen toestemming).")).to_be_visible()
        await expect(page.get_by_text("van elke 1.000 inwoners")).to_be_visible()
        # Beside the drawing the same numbers as text, for every category and main group.
        rows = page.locator(".rechts tbody tr")
        assert await rows.count() == 1 + 4 + 17
        drawn = page.locator("svg.staven[role=img]")
        assert await drawn.count() == await rows.count()
        first = await rows.first.locator("td").all_text_contents()
        label = await drawn.first.get_attribute("aria-label")
        assert label is not None and f"Utrecht {first[1]}" in label and f"Nederland {first[5]}" in label
        await audit(page)
        # The link gives what is on the screen.
        where = await page.get_by_role("link", name="CSV van deze tabel").get_attribute("href")
        async with httpx.AsyncClient() as client:
            text = (await client.get(site.url + str(where))).text
        assert len(text.splitlines()) == 1 + 3 * 23 and f"{first[0].replace('.', '')}" in text
        await page.get_by_label("In de periode").check()
        await page.get_by_role("button", name="Toon cijfers").press("Enter")
        await expect(page.get_by_text("In het tweede halfjaar van 2025", exact=True)).to_be_visible()
        await expect(page.get_by_label("In de periode")).to_be_checked()


async def test_missing_figures_are_words(site: Site) -> None:
    country = populated(people=900)
    country.row("GM0193")["datasets"] = ["brp"]
    country.cells = [row for row in country.cells if row["gemeente"] != "GM0193" or row["indicator"] == "P1"]
    await site.say(await snapshot(site.content, country, "a"))
    await site.look()
    async with opened(site, CHOICE) as page:
        cells = await page.locator(".rechts tbody tr").first.locator("td").all_text_contents()
        assert len(cells) == 5 and cells[2] == "niet geleverd"
        everything = await page.locator(".rechts tbody").inner_text()
        assert "minder dan 5" in everything
        assert "niet geleverd" in (await page.locator("svg.staven").first.inner_html())
        await audit(page)


async def test_a_wrong_name_is_said_at_its_field(site: Site) -> None:
    await out(site)
    async with opened(site, "/?gemeente=utr&vergelijk=%3Cscript%3E&periode=2024HJ01&moment=nu") as page:
        field = page.get_by_label("Gemeente", exact=True)
        assert await field.get_attribute("aria-invalid") == "true"
        described = str(await field.get_attribute("aria-describedby")).split()
        assert "Bedoelt u Utrecht?" in await page.locator(f"#{described[-1]}").inner_text()
        assert await page.get_by_label("Vergelijk met").input_value() == "<script>"
        await expect(page.get_by_text("Voor deze periode is er geen publicatie")).to_be_visible()
        await audit(page)


async def test_a_release_arrives_while_somebody_reads(site: Site) -> None:
    async with opened(site, CHOICE) as page:
        await expect(page.get_by_role("heading", name="Er zijn nog geen cijfers")).to_be_visible()
        await expect(page.get_by_text("Werkt zichzelf bij", exact=True)).to_be_visible()
        await audit(page)
        await out(site)
        await expect(page.get_by_role("heading", name="Utrecht, Zwolle en Nederland")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("publicatie 1 is uitgebracht")

        before = await page.locator(".rechts tbody").inner_text()
        await page.get_by_label("Gemeente", exact=True).focus()
        await page.keyboard.type("Alm")
        await out(site, "b", seed=8)
        await expect(page.get_by_role("status")).to_contain_text("publicatie 2 is uitgebracht")
        assert await page.locator(".rechts tbody").inner_text() != before
        # Who was typing still is, with every letter.
        await expect(page.get_by_label("Gemeente", exact=True)).to_be_focused()
        assert "Alm" in await page.get_by_label("Gemeente", exact=True).input_value()

        await page.locator("#csv").focus()
        await out(site, "c", seed=9)
        await expect(page.get_by_role("status")).to_contain_text("publicatie 3 is uitgebracht")
        await expect(page.locator("#csv")).to_be_focused()
        assert "-3-U1" in str(await page.locator("#csv").get_attribute("href"))


async def test_after_a_withdrawal_the_page_moves_on_and_the_old_table_is_gone(site: Site) -> None:
    await out(site)
    async with opened(site, CHOICE) as page:
        link = str(await page.locator("#csv").get_attribute("href"))
        await site.say(consent("GM0193", False, 1))
        await site.look()
        await expect(page.get_by_text("Nederland: exclusief Zwolle (geen toestemming).")).to_be_visible()
        cells = await page.locator(".rechts tbody tr").first.locator("td").all_text_contents()
        assert cells[2] == "geen toestemming"
        async with httpx.AsyncClient() as client:
            assert (await client.get(site.url + link)).status_code == 410


async def test_the_stream_comes_back_after_the_service_was_away(site: Site) -> None:
    await out(site)
    async with opened(site, CHOICE) as page:
        await expect(page.get_by_text("Werkt zichzelf bij", exact=True)).to_be_visible()
        site.feed.stopping.set()  # every stream ends, as at a restart
        await expect(page.get_by_text("Werkt zichzelf bij", exact=True)).to_be_hidden()
        site.feed.stopping.clear()
        await out(site, "b", seed=4)
        await expect(page.get_by_role("status")).to_contain_text(
            "publicatie 2 is uitgebracht", timeout=15_000
        )


async def test_without_script_everything_is_there(site: Site) -> None:
    await out(site)
    async with opened(site, "/", java_script_enabled=False) as page:
        await page.get_by_label("Gemeente", exact=True).fill("Almelo")
        await page.get_by_role("button", name="Toon cijfers").click()
        assert "Almelo en Nederland" in await page.locator("#cijfers-kop").inner_text()
        assert await page.locator("svg.staven rect").count() > 20


@pytest.mark.parametrize(("width", "height"), [(320, 640), (768, 900), (1920, 1080)])
async def test_nothing_runs_off_the_page_at_any_width(site: Site, width: int, height: int) -> None:
    """320 CSS pixels is 1280 at 400 % zoom (WCAG 1.4.10); the table alone may scroll inside its own box."""
    await out(site)
    async with opened(
        site, CHOICE, viewport={"width": width, "height": height}, reduced_motion="reduce"
    ) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        moving = "[...document.querySelectorAll('*')].some(e => getComputedStyle(e).animationName !== 'none')"
        assert not await page.evaluate(moving)
        await page.locator(".rechts .tabelvak").focus()
        await page.keyboard.press("ArrowRight")
        await audit(page)
        await _keep(page, f"pagina-{width}.png")


async def test_on_paper_the_form_is_left_out(site: Site) -> None:
    await out(site)
    async with opened(site, CHOICE) as page:
        await page.emulate_media(media="print")
        await expect(page.locator("#keuze")).to_be_hidden()
        await expect(page.get_by_role("table", name="Dezelfde cijfers")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_disclosure_test_can_be_read_and_opened(tmp_path: Path, width: int) -> None:
    async with open_site(tmp_path, Proving()) as site:
        await out(site)
        async with opened(site, CHOICE, viewport={"width": width, "height": 900}) as page:
            section = page.get_by_role("region", name="Onthullingstoets")
            await expect(
                section.get_by_text("is bewezen dat het echte aantal er niet uit volgt")
            ).to_be_visible()
            tested = section.get_by_role("table", name="Alle cijfers van deze uitgave, per niveau")
            assert await tested.locator("tbody th").all_text_contents() == [
                "Nederland", "Provincie", "Gemeente", "Wijk", "Buurt", "Zelf uit te rekenen",
            ]  # fmt: skip
            open_ = section.get_by_role("table", name="Wat u wel kunt afleiden")
            assert "0 tot en met 4" in await open_.inner_text()
            await expect(section.get_by_text("Wie de geheime sleutel heeft")).to_be_hidden()
            await section.locator("summary").focus()
            await page.keyboard.press("Enter")
            await expect(section.get_by_text("Wie de geheime sleutel heeft")).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await audit(page)
            await _keep(page, f"toets-{width}.png")
            # What was opened stays open when the next release arrives.
            await out(site, "b", seed=5)
            await expect(section.get_by_text("Getoetst samen met uitgave 1.")).to_be_visible()
            link = str(await section.get_by_role("link", name="De hele toets").get_attribute("href"))
            async with httpx.AsyncClient() as client:
                assert (await client.get(site.url + link)).json()["nummer"] == 2


async def test_gemeenten_are_offered_by_name(site: Site) -> None:
    await out(site)
    shown = (await site.reading.releases())[0]
    names = [region.name for region in gemeenten(await site.reading.view(shown, "U1"))]
    assert names == sorted(names) and "Utrecht" in names
    async with opened(site) as page:
        offered = await page.locator("datalist option").evaluate_all("options => options.map(o => o.value)")
        assert offered == names


async def _keep(page: Page, name: str) -> None:
    """A screenshot for people, when they ask for one with SCREENSHOTS."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await asyncio.to_thread(Path(folder).mkdir, parents=True, exist_ok=True)
        await page.evaluate("document.activeElement.blur()")
        await page.screenshot(path=str(Path(folder) / name), full_page=True)
