# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""utils/docs.sh makes a site, and a browser can read and search it."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from paths import BUILD, ROOT
from playwright.sync_api import sync_playwright

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 420, "height": 800}


def docs_sh(*arguments):
    return subprocess.run(
        [ROOT / "utils" / "docs.sh", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "BUILD_DIR": str(BUILD)},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = docs_sh(f"--output={folder}")
    # A link that leads nowhere fails it.
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        # Root, as in a container, has no sandbox.
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Opens a page in a window. In the end, nothing has gone wrong in any of them, and
    nothing was loaded from elsewhere."""
    complaints, opened = [], []

    def open_page(path, size=WIDE):
        page = browser.new_page(viewport=size)
        page.set_default_timeout(30_000)
        opened.append(page)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))

        def look(request):
            if not request.url.startswith((address, "data:")):
                complaints.append(f"loads {request.url}")

        page.on("request", look)
        page.goto(f"{address}/{path}")
        return page

    yield open_page
    for page in opened:
        page.close()
    assert complaints == []


def search(page, text):
    """Types the text into the search box, and returns the results by their titles."""
    page.get_by_placeholder("Search").fill(text)
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("^Search finished|did not match any")).wait_for()
    return page.locator("ul.search li a")


@pytest.mark.parametrize(
    "text, title, place",
    [
        # An operation, an attribute, a pass, a method, and a guide.
        ("squared_distance", "fisher.squared_distance", "reference/dialect.html#fisher-squared-distance"),
        ("von_mises", "#fisher.von_mises", "reference/dialect.html#fisher-von-mises"),
        ("fisher-insert", "-fisher-insert", "reference/passes/Transforms.html#fisher-insert"),
        ("buildGeodesic", "buildGeodesic", "reference/interfaces/FamilyInterface.html"),
        ("tutorial", "Tutorial: regularize a training step", "docs/tutorial.html"),
    ],
)  # fmt: skip
def test_search_finds_and_leads_there(open_page, text, title, place):
    page = open_page("index.html")
    results = search(page, text)
    # A section is told by its page's title before its own.
    result = results.filter(has_text=re.compile(rf"(^|> ){re.escape(title)}$")).first
    result.click()
    page.wait_for_url(re.compile(re.escape(place)))
    assert title.lstrip("#-") in page.locator("article").inner_text()


def test_search_of_text(open_page):
    """Words of the text of a generated page are in the index, too."""
    page = open_page("index.html")
    results = search(page, "bufferization.writable")
    results.first.wait_for()
    assert "Passes: transforms" in results.all_inner_texts()
    assert search(page, "zyzzyva").count() == 0


def test_search_in_a_narrow_window(open_page):
    page = open_page("docs/tutorial.html", NARROW)
    box = page.get_by_placeholder("Search")
    assert not box.is_visible() or box.bounding_box()["x"] < 0
    page.locator("label.nav-overlay-icon").click()
    search(page, "penalty_with_gradient").first.wait_for()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pictures(open_page, size):
    pictures = 0
    for name in ("performance", "experiments"):
        page = open_page(f"docs/{name}.html", size)
        for picture in page.locator("article img").all():
            picture.scroll_into_view_if_needed()
            natural, shown = picture.evaluate("e => e.decode().then(() => [e.naturalWidth, e.width])")
            assert natural > 100 and 100 < shown <= size["width"], picture.get_attribute("src")
            pictures += 1
    assert pictures >= 6


@pytest.mark.parametrize("name", ["index", "docs/tutorial", "reference/dialect", "docs/numerics"])
def test_fits_a_narrow_window(open_page, name):
    """Tables and code scroll within the page, and not the page."""
    page = open_page(f"{name}.html", NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_mlir_has_colors(open_page):
    page = open_page("docs/tutorial.html")
    block = page.locator(".highlight-mlir").first
    colors = {
        block.locator(f"span.{kind}").first.evaluate("e => getComputedStyle(e).color")
        for kind in ("nv", "nf", "s", "nb")
    }
    assert len(colors) >= 3


def test_every_document_is_reached(site):
    """Each document and generated page is in the contents of the first page."""
    contents = (site / "index.html").read_text()
    documents = [path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md")]
    generated = [Path("reference", p.relative_to(BUILD / "docs")) for p in (BUILD / "docs").rglob("*.md")]
    assert len(generated) >= 7
    for document in [*documents, *generated, Path("CHANGELOG.md"), Path("CONTRIBUTING.md")]:
        assert f'href="{document.with_suffix(".html")}"' in contents, document


def test_loads_nothing_from_elsewhere(site):
    for path in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="((?:https?:)?//[^"]*)', path.read_text())
        assert loaded == [], path
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text()), path


def test_replaces_only_a_site(tmp_path):
    (tmp_path / "precious.txt").write_text("")
    done = docs_sh(f"--output={tmp_path}")
    assert done.returncode == 1 and "is no site" in done.stderr
    assert (tmp_path / "precious.txt").exists()
