"""The pages of the site, in the order of docs/README.md, and what of them the search finds."""
import html
import os
import pathlib
import re

from docs_site import markdown

_SECTION = re.compile(r"## (.+)$")
_ENTRY = re.compile(r"- \[(.+)\]\(([^)]+)\): (.+)$")
#: A page of the site that is no Markdown.
REFERENCE = "api.html"
_CHARACTERS_MAX = 6000  # of a section, in the search


class Page:
    """A Markdown file: `file` is its address within the site, `name` what the contents call it."""

    def __init__(self, root: pathlib.Path, path: pathlib.Path, name: str, summary: str) -> None:
        self.path, self.name, self.summary = path, name, summary
        parts = list(path.relative_to(root).with_suffix("").parts)
        if parts[0] == "docs":
            parts.pop(0)
        elif len(parts) == 1:
            parts.insert(0, "project")  # SECURITY.md is not docs/security.md
        if parts[-1] == "README":
            parts.pop()
        self.file = f"{'-'.join(parts).lower() or 'index'}.html"
        first, _, self.text = path.read_text(encoding="utf-8").partition("\n")
        assert first.startswith("# "), f"{path} does not begin with its title"
        self.title = first[2:].strip()


class Contents:
    """Sections of pages; a place is the page, or the name and the summary of the reference of the API."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root.resolve()
        self.index = Page(self.root, self.root / "docs" / "README.md", "Documentation", "")
        self.sections: list[tuple[str, list[Page | tuple[str, str]]]] = []
        for line in _joined(self.index.text):
            if found := _SECTION.match(line):
                self.sections.append((found[1], []))
            elif found := _ENTRY.match(line):
                name, target, summary = found.groups()
                path = (self.root / "docs" / target).resolve()
                place = (name, summary) if path.name == "openapi.yaml" else Page(self.root, path, name, summary)
                self.sections[-1][1].append(place)
        self.pages = [each for _, places in self.sections for each in places if isinstance(each, Page)]
        self._files = {each.path: each.file for each in [*self.pages, self.index]}
        self._files[self.root / "api" / "openapi.yaml"] = REFERENCE
        named = {each.path for each in self.pages}
        assert len(set(self._files.values())) == len(named) + 2, "two pages have one name"
        for path in sorted((self.root / "docs").rglob("*.md")):
            # The records of decisions are for those who work on Postrider.
            if path != self.index.path and "decisions" not in path.parts:
                assert path in named, f"{path.relative_to(self.root)} is not in docs/README.md"

    def address_from(self, page: Page) -> markdown.Address:
        """Where a link of `page` leads on the site; None for a file that is not on it."""
        def address(target: str) -> str | None:
            if target.startswith(("https://", "http://", "#", "mailto:")):
                return target
            path, _, fragment = target.partition("#")
            found = self._files.get(pathlib.Path(os.path.normpath(page.path.parent / path)))
            return found and found + (f"#{fragment}" if fragment else "")

        return address

    def body(self, page: Page) -> str:
        """The page below its title, as HTML."""
        names = {each.file: each.name for each in [*self.pages, self.index]} | {REFERENCE: "API reference"}

        def named(found: re.Match) -> str:
            return f"{found[1]}{html.escape(names[found[2]])}</a>"

        body = markdown.block(page.text, 2, self.address_from(page))
        # A link that is called as its file is, for those who read the files, has the page's name here.
        return re.sub(r'(<a href="([\w-]+\.html)(?:#[^"]*)?">)[\w./-]+\.md</a>', named, body)


def _joined(text: str) -> list[str]:
    """Lines, those that go on in the next one as one."""
    return re.sub(r"\n  +", " ", text).split("\n")


def headings(body: str) -> list[tuple[int, str, str]]:
    """(level, id, text as HTML) of each heading of a page."""
    return [(int(level), name, inner) for level, name, inner in
            re.findall(r'<h([2-6]) id="([^"]+)">(.*?)</h\1>', body, re.S)]


def entries(page: Page, body: str) -> list[dict]:
    """What the search finds of a page: itself, and each of its sections."""
    found = []
    parts = re.split(r'(?=<h[2-4] id=")', body)
    for part in parts:
        heads = headings(part)
        title = markdown.words(heads[0][2]) if heads else page.title
        text = markdown.words(part)
        text = text.removeprefix(title).strip() if heads else f"{page.summary} {text}".strip()
        found.append({"title": title, "page": page.title if heads else "",
                      "href": page.file + (f"#{heads[0][1]}" if heads else ""), "text": text[:_CHARACTERS_MAX]})
    return found
