"""The part of Markdown that the contract's descriptions and the guides use, as HTML."""
import html
import re
import textwrap


def inline(text: str) -> str:
    """One line: code, bold, emphasis, links."""
    parts = re.split(r"(`[^`]+`)", text)
    out = []
    for part in parts:
        if part.startswith("`") and part.endswith("`") and len(part) > 2:
            out.append(f"<code>{html.escape(part[1:-1])}</code>")
            continue
        part = html.escape(part, quote=False)
        part = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", part)
        part = re.sub(r"(?<!\w)\*([^*\s][^*]*)\*", r"<em>\1</em>", part)
        part = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", part)  # a page has no files of its own
        part = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r'<a href="\2">\1</a>', part)
        out.append(part)
    return "".join(out)


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head = "".join(f"<th>{inline(cell)}</th>" for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>" for row in rows[2:]
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


_ITEM = re.compile(r"- |\d+\. ")


def _list(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if marker := _ITEM.match(line):
            items.append(line[marker.end() :])
        else:
            items[-1] += " " + line.strip()
    kind = "ul" if lines[0].startswith("- ") else "ol"
    return f"<{kind}>" + "".join(f"<li>{inline(item)}</li>" for item in items) + f"</{kind}>"


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _heading(line: str, level: int) -> str:
    title = line.lstrip("#").strip()
    depth = min(level + line.count("#", 0, len(line) - len(line.lstrip("#"))) - 2, 6)
    return f'<h{depth} id="{slug(title)}">{inline(title)}</h{depth}>'


def block(text: str, level: int = 3) -> str:
    """Paragraphs, lists, tables, fenced code, and headings, of which `##` becomes <h{level}>."""
    out: list[str] = []
    lines = text.rstrip().split("\n")
    at = 0

    def take(condition) -> list[str]:
        nonlocal at
        start = at
        while at < len(lines) and condition(lines[at]):
            at += 1
        return lines[start:at]

    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif line.startswith("<!--"):
            take(lambda each: "-->" not in each)
            at += 1
        elif line.startswith("    "):
            code = take(lambda each: each.startswith("    ") or not each.strip())
            text = textwrap.dedent("\n".join(code)).rstrip()
            out.append(f'<pre tabindex="0"><code>{html.escape(text)}</code></pre>')
        elif line.startswith("```"):
            at += 1
            code = take(lambda each: not each.startswith("```"))
            at += 1
            out.append(f'<pre tabindex="0"><code>{html.escape(chr(10).join(code))}</code></pre>')
        elif line.startswith("#"):
            out.append(_heading(line, level))
            at += 1
        elif line.startswith("|"):
            out.append(_table(take(lambda each: each.startswith("|"))))
        elif _ITEM.match(line):
            out.append(_list(take(lambda each: _ITEM.match(each) or each.startswith("  "))))
        else:
            paragraph = take(
                lambda each: each.strip() and not each.startswith(("#", "|", "- ", "```", "<!--"))
            )
            out.append(f"<p>{inline(' '.join(part.strip() for part in paragraph))}</p>")
    return "\n".join(out)
