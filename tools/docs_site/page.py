"""The frame of every page: head, contents at the side, the page, its headings, what comes before and after."""
import html
import re

from docs_site import contents, markdown

_TOC_LEVEL_MAX = 3


def document(title: str, body: str, scripts: tuple[str, ...] = ("site.js",), base: str = "") -> str:
    """A whole HTML file. `base` leads to the site's folder."""
    links = "".join(f'<script src="{base}{each}"></script>\n' for each in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<link rel="icon" href="{base}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{base}site.css">
{links}</head>
<body>
{body}
</body>
</html>
"""


def frame(inner: str, side: str, toc: str = "", wide: bool = False) -> str:
    """The body of a page of the site."""
    kind = ' class="wide"' if wide else ""
    return f"""<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="index.html"><img src="icon.svg" alt="" width="22" height="22">Postrider <span>docs</span></a>
<div class="search" id="search-place"></div>
<button type="button" id="theme" hidden></button>
<label class="menu" for="menu">Contents</label>
</header>
<input type="checkbox" id="menu" aria-label="Show the contents">
<nav class="side" aria-label="Contents">{side}</nav>
<main id="main"{kind}>{inner}</main>
{toc}"""


def side(all_pages: contents.Contents, current: str) -> str:
    """Every page, the current one marked."""
    def item(name: str, file: str) -> str:
        mark = ' aria-current="page"' if file == current else ""
        return f'<li><a href="{file}"{mark}>{html.escape(name)}</a></li>'

    out = ""
    for section, places in all_pages.sections:
        items = "".join(
            item(each.name, each.file) if isinstance(each, contents.Page) else item(each[0], contents.REFERENCE)
            for each in places
        )
        out += f"<h2>{html.escape(section)}</h2><ul>{items}</ul>"
    return out


def toc(body: str) -> str:
    found = [each for each in contents.headings(body) if each[0] <= _TOC_LEVEL_MAX]
    if len(found) < 2:
        return ""
    items = "".join(f'<li class="level-{level}"><a href="#{name}">{markdown.words(inner)}</a></li>'
                    for level, name, inner in found)
    return f'<aside class="toc" aria-label="On this page"><h2>On this page</h2><ul>{items}</ul></aside>'


def _neighbours(all_pages: contents.Contents, page: contents.Page) -> str:
    at = all_pages.pages.index(page)
    out = ""
    if at > 0:
        before = all_pages.pages[at - 1]
        out += f'<a rel="prev" href="{before.file}"><span>Before</span>{html.escape(before.name)}</a>'
    if at + 1 < len(all_pages.pages):
        after = all_pages.pages[at + 1]
        out += f'<a rel="next" href="{after.file}"><span>Next</span>{html.escape(after.name)}</a>'
    return f'<nav class="neighbours" aria-label="Before and next">{out}</nav>'


def guide(all_pages: contents.Contents, page: contents.Page, body: str) -> str:
    inner = f"<article><h1>{markdown.inline(page.title)}</h1>\n{body}</article>{_neighbours(all_pages, page)}"
    return document(f"{page.title} · Postrider", frame(inner, side(all_pages, page.file), toc(body)))


def index(all_pages: contents.Contents, body: str) -> str:
    # "[Name](file): what it is about" becomes a card.
    body = re.sub(r"(<li><a [^>]*>.*?</a>): (.)", lambda found: f"{found[1]} {found[2].upper()}", body)
    inner = f'<article class="index"><h1>{html.escape(all_pages.index.title)}</h1>\n{body}</article>'
    return document("Postrider documentation", frame(inner, side(all_pages, "index.html")))
