"""The documentation's site: its links and those of every document lead somewhere, it is made the same again, and the server has it."""

import functools
import gzip
import html.parser
import json
import pathlib
import re
import subprocess
import sys

import pytest

from client import Client
from server import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from docs_site import markdown  # noqa: E402

NOT_OURS = ("node_modules", "target", "build", ".venv", "dist")
DOCUMENTS = sorted(
    path for folder in (".", "api", "bench", "docs", "examples", "packaging", "sdk", "tests", "console") for path in
    ((ROOT / folder).glob("*.md") if folder in (".", "console") else (ROOT / folder).rglob("*.md"))
    if not set(path.relative_to(ROOT).parts) & set(NOT_OURS))
WIDTH = 160


class Page(html.parser.HTMLParser):
    """The ids of a page, where its links lead, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        self.loads += [value for name, value in attrs if name == "src" or (tag == "link" and name == "href")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder / "docs"


def build(folder):
    done = subprocess.run([ROOT / "tools" / "build_docs", folder / "docs", folder / "problem_pages.json"],
                          capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def pages(site):
    return {path.name: Page(path.read_text()) for path in site.glob("*.html")}


def broken(name, target, pages, files):
    """Why a link of a page leads nowhere; None: it leads somewhere, or out of the site."""
    if target.startswith(("https://", "http://")):
        return None
    path, _, fragment = target.partition("#")
    if (path or name) not in files:
        return f"{name}: there is no {path}"
    if fragment and fragment not in pages[path or name].ids:
        return f"{name}: {path or name} has no #{fragment}"
    return None


def test_links_of_the_site_lead_somewhere(site, pages):
    files = {path.name for path in site.iterdir()}
    assert len(pages) > 20
    assert [why for name, page in pages.items() for target in page.links if (why := broken(name, target, pages, files))] == []
    for name, page in pages.items():
        doubled = {each for each in page.ids if page.ids.count(each) > 1}
        assert not doubled, (name, doubled)
        assert set(page.loads) <= files, f"{name} loads what is not in the site"


def test_the_site_needs_no_other_server(site):
    for path in [*site.glob("*.css"), *site.glob("*.js")]:
        text = path.read_text()
        if path.name != "search.js":
            assert not re.search(r"""(?:url\(|import|fetch\()\s*["']?(?:https?:)?//""", text), path.name


def test_what_the_search_finds_is_there(site, pages):
    found = json.loads((site / "search.js").read_text().removeprefix("window.searchEntries="))
    files = {path.name for path in site.iterdir()}
    assert len(found) > 250 and len({each["href"] for each in found}) == len(found)
    assert [why for each in found if (why := broken("", each["href"], pages, files))] == []
    assert {each["href"].partition("#")[0] for each in found} >= set(pages) - {"index.html"}


def test_the_same_documents_make_the_same_site(site, tmp_path):
    build(tmp_path)
    again = {path.name: path.read_bytes() for path in (tmp_path / "docs").iterdir()}
    assert again == {path.name: path.read_bytes() for path in site.iterdir()}


def test_the_server_has_the_site(server, site):
    anybody = Client(server.address, None)
    moved = anybody.raw("GET", "/docs")
    assert moved.status == 308 and moved.headers["location"] == "/docs/"
    for path in site.iterdir():
        answer = anybody.raw("GET", f"/docs/{path.name}")
        assert answer.status == 200 and answer.body == path.read_bytes(), path.name
        packed = anybody.raw("GET", f"/docs/{path.name}", headers={"accept-encoding": "gzip"})
        is_gzip = packed.headers.get("content-encoding") == "gzip"
        assert (gzip.decompress(packed.body) if is_gzip else packed.body) == path.read_bytes(), path.name
    first = anybody.raw("GET", "/docs/")
    assert first.body == (site / "index.html").read_bytes()
    assert "script-src 'self'" in first.headers["content-security-policy"]
    assert anybody.raw("GET", "/docs/", headers={"if-none-match": first.headers["etag"]}).status == 304
    assert anybody.raw("GET", "/docs/receiving").body == (site / "receiving.html").read_bytes()
    for missing in ("/docs/none", "/docs/none.html", "/docs/receiving.html/", "/docs/../index.html", "/docs/assets/x"):
        assert anybody.raw("GET", missing).status == 404, missing


def prose(text):
    """(number, line) outside of code, tables and headings."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        is_code ^= line.startswith("```")
        if not is_code and not line.startswith(("```", "|", "    ", "#", "<!--")):
            yield number, line


@functools.cache
def read(path):
    return markdown.links_and_anchors(path.read_text())


def test_links_of_the_documents_lead_somewhere():
    assert len(DOCUMENTS) > 60
    wrong = []
    for document in DOCUMENTS:
        for target in read(document)[0]:
            if target.startswith(("https://", "http://")):
                continue
            path, _, fragment = target.partition("#")
            found = (document.parent / path).resolve() if path else document
            if not found.exists():
                wrong.append(f"{document.relative_to(ROOT)}: there is no {target}")
            elif fragment and found.suffix == ".md" and fragment not in read(found)[1]:
                wrong.append(f"{document.relative_to(ROOT)}: {path or 'it'} has no #{fragment}")
    assert wrong == []


def test_lines_are_wrapped():
    guides = [each for each in DOCUMENTS if each.relative_to(ROOT).parts[0] in ("README.md", "docs", "examples", "sdk")
              and "decisions" not in each.parts and each.name != "events.md"]
    long = [f"{document.relative_to(ROOT)}:{number} has {len(line)} characters" for document in guides
            for number, line in prose(document.read_text()) if len(line) > WIDTH and " " in line.strip()]
    assert long == []
