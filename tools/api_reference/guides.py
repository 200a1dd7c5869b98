"""The guides of docs/, as pages beside the reference."""
import html
import pathlib
import re

from api_reference import markdown


class Guide:
    """A page of docs/: `slug` is what its address ends in, `/docs/{slug}`."""

    def __init__(self, folder: pathlib.Path, path: pathlib.Path) -> None:
        self.slug = "-".join(path.relative_to(folder).with_suffix("").parts)
        first, _, self.text = path.read_text(encoding="utf-8").partition("\n")
        assert first.startswith("# "), f"{path} does not begin with its title"
        self.title = first[2:].strip()

    def headings(self) -> list[str]:
        code = re.sub(r"^```.*?^```$", "", self.text, flags=re.M | re.S)
        return [each.strip() for each in re.findall(r"^##+ (.+)$", code, re.M)]


def read(folder: pathlib.Path) -> list[Guide]:
    """Every page but the records of decisions, which are for who works on Postrider."""
    paths = sorted(each for each in folder.rglob("*.md") if "decisions" not in each.parts)
    return [Guide(folder, each) for each in paths]


def anchor(heading: str) -> str:
    """As Git hosts make it, so that links work there and here."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _address(target: str, slugs: set[str]) -> str | None:
    """Where a link of a guide leads on the server; None: it leads to a file that is not served."""
    if target.startswith(("https://", "http://", "#", "/")):
        return target
    path, _, fragment = target.partition("#")
    if path.endswith("api/openapi.yaml"):
        return "/openapi.yaml"
    slug = path.removesuffix(".md").removeprefix("../").replace("/", "-")
    if path.endswith(".md") and slug in slugs:
        return f"/docs/{slug}" + (f"#{fragment}" if fragment else "")
    return None


def _inside(text: str, slugs: set[str]) -> str:
    def link(match: re.Match) -> str:
        address = _address(html.unescape(match[1]), slugs)
        return match[2] if address is None else f'<a href="{html.escape(address)}">{match[2]}</a>'

    return re.sub(r'<a href="([^"]*)">(.*?)</a>', link, text)


def render(guide: Guide, guides: list[Guide]) -> str:
    """The inside of <main>."""
    body = markdown.block(guide.text, 2)
    for heading in guide.headings():
        body = body.replace(f' id="{markdown.slug(heading)}"', f' id="{anchor(heading)}"', 1)
    others = " · ".join(
        f"<b>{html.escape(each.title)}</b>" if each is guide
        else f'<a href="/docs/{each.slug}">{html.escape(each.title)}</a>'
        for each in guides
    )
    return f"""<p class="guides"><a href="/docs">API reference</a> · {others}</p>
<article class="guide"><h1>{html.escape(guide.title)}</h1>
{_inside(body, {each.slug for each in guides})}
</article>"""


def index(guides: list[Guide]) -> list[dict]:
    """What the search finds of them."""
    found = []
    for guide in guides:
        found.append({"title": guide.title, "in": "Guides", "href": f"/docs/{guide.slug}"})
        found += [
            {"title": heading.replace("`", ""), "in": guide.title, "href": f"/docs/{guide.slug}#{anchor(heading)}"}
            for heading in guide.headings()
        ]
    return found
