"""Markdown as HTML: CommonMark and tables, by markdown-it; code is coloured by Pygments."""
import html
import re
from collections.abc import Callable

import pygments
from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

#: Gives the address of a link or an image as it is on the site; None: it leads to nothing that the site has.
Address = Callable[[str], str | None]


def anchor(heading: str) -> str:
    """As Git hosts make it, so that links work there and here."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def _as_it_is(target: str) -> str | None:
    return target


def _code(text: str, language: str) -> str:
    inner = html.escape(text.rstrip("\n"), quote=False)
    if language:
        try:
            lexer = get_lexer_by_name(language, stripnl=False)
            inner = pygments.highlight(text, lexer, HtmlFormatter(nowrap=True)).rstrip("\n")
        except ClassNotFound:
            pass
    return f'<pre tabindex="0"><code>{inner}</code></pre>\n'


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")

    def fence(_self, tokens, index, _options, _env):
        return _code(tokens[index].content, tokens[index].info.strip())

    def code_block(_self, tokens, index, _options, _env):
        return _code(tokens[index].content, "")

    def text(_self, tokens, index, _options, _env):
        return html.escape(tokens[index].content, quote=False)  # `Bearer <token>` in a sentence

    def comment(_self, tokens, index, _options, _env):
        text = tokens[index].content.strip()
        assert text.startswith("<!--") and text.endswith("-->"), f"HTML in Markdown: {text}"
        return ""

    def table_open(_self, *_):
        return '<div class="scroll" tabindex="0"><table>\n'

    def table_close(_self, *_):
        return "</table></div>\n"

    rules = {"fence": fence, "code_block": code_block, "html_block": comment, "html_inline": text,
             "table_open": table_open, "table_close": table_close}
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_PARSER = _make_parser()


def _lead(tokens: list, address: Address) -> None:
    """Gives links their addresses. What leads nowhere keeps its text alone; an image of that kind goes."""
    dropped = []
    for token in tokens:
        if token.type == "link_open":
            target = address(token.attrs["href"])
            dropped.append(target is None)
            token.hidden = target is None
            token.attrs["href"] = target or ""
        elif token.type == "link_close":
            token.hidden = dropped.pop()
        elif token.type == "image":
            target = address(token.attrs["src"])
            token.attrs["src"] = target or ""
            if target is None:
                token.type, token.content = "text", ""
    # The renderer writes hidden tokens of a line all the same.
    tokens[:] = [each for each in tokens if not (each.hidden and each.type.startswith("link"))]


def _parse(text: str, address: Address) -> list:
    """Tokens, with the addresses of links and the ids of headings."""
    tokens = _PARSER.parse(text)
    seen: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type == "inline":
            _lead(token.children, address)
        elif token.type == "heading_open":
            name = anchor(tokens[at + 1].content)
            seen[name] = seen.get(name, 0) + 1
            token.attrs["id"] = name if seen[name] == 1 else f"{name}-{seen[name] - 1}"
    return tokens


def block(text: str, level: int = 2, address: Address = _as_it_is) -> str:
    """A whole text, of which `##` becomes <h{level}>."""
    tokens = _parse(text, address)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + level - 2, 6)}"
    return _PARSER.renderer.render(tokens, _PARSER.options, {})


def links_and_anchors(text: str) -> tuple[list[str], set[str]]:
    """Where a text leads to, and to where in it others may lead."""
    links: list[str] = []

    def note(target: str) -> str:
        links.append(target)
        return target

    tokens = _parse(text, note)
    return links, {token.attrs["id"] for token in tokens if token.type == "heading_open"}


def inline(text: str) -> str:
    """One line."""
    return _PARSER.renderInline(text)


def words(rendered: str) -> str:
    """The text of HTML, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", rendered)).split())
