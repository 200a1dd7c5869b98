"""The reference of the API: contents, introduction, verification, operations, problems."""
import html
import re

from docs_site import contents, examples, markdown, page
from docs_site.schema import Schemas

METHODS = ("get", "post", "put", "patch", "delete")


class Operation:
    """One operation with everything that it inherits from its path."""

    def __init__(self, schemas: Schemas, path: str, method: str, item: dict) -> None:
        self.path, self.method, self.node = path, method, item[method]
        self.id = self.node["operationId"]
        self.tag = self.node["tags"][0]
        self.parameters = [
            schemas.resolve(each)
            for each in item.get("parameters", []) + self.node.get("parameters", [])
        ]
        # Any operation may give the problems of `default`: they are in the list of problems.
        self.responses = {
            status: schemas.resolve(each)
            for status, each in self.node["responses"].items()
            if status != "default"
        }


def _operations(contract: dict, schemas: Schemas) -> list[Operation]:
    return [
        Operation(schemas, path, method, item)
        for path, item in contract["paths"].items()
        for method in item
        if method in METHODS
    ]


def _path(path: str) -> str:
    """A path that may break after a slash, its parameters marked."""
    text = html.escape(path).replace("/", "/<wbr>")
    return re.sub(r"\{[a-z_]+\}", r"<em>\g<0></em>", text)


def _badge(method: str) -> str:
    return f'<span class="method {method}">{method.upper()}</span>'


def _permission(operation: Operation) -> str:
    needs = operation.node["x-permission"]
    if needs == "open":
        return '<span class="permission">open to everybody</span>'
    if needs == "any token":
        return '<span class="permission">needs a valid token</span>'
    return f'<span class="permission">needs <code>{needs}</code></span>'


def _parameters(operation: Operation, schemas: Schemas) -> str:
    out = ""
    for place, title in (("path", "In the path"), ("query", "In the query"), ("header", "Headers")):
        rows = "".join(
            schemas.row(
                each["name"],
                {**schemas.resolve(each["schema"]), "description": each.get("description", "")},
                each.get("required", False) and place != "path",
            )
            for each in operation.parameters
            if each["in"] == place
        )
        if rows:
            out += f'<h4>{title}</h4><ul class="members">{rows}</ul>'
    return out


def _request(operation: Operation, schemas: Schemas) -> str:
    body = operation.node.get("requestBody")
    if not body:
        return ""
    media = next(iter(body["content"].values()))
    schema = schemas.flatten(media["schema"])
    note = "" if body.get("required") else "<p>May be left out.</p>"
    if "description" in schema:
        note += markdown.block(schema["description"], 6)
    return f"<h4>Body</h4>{note}{schemas.members(schema, sent=True)}"


def _response(status: str, response: dict, schemas: Schemas) -> str:
    inner = ""
    headers = "".join(
        schemas.row(
            name,
            {**schemas.resolve(each)["schema"], "description": schemas.resolve(each)["description"]},
            required=False,
        )
        for name, each in response.get("headers", {}).items()
    )
    if headers and int(status) < 300:
        inner += f'<h5>Headers</h5><ul class="members">{headers}</ul>'
    if int(status) < 300:
        for media in response.get("content", {}).values():
            members = schemas.members(media["schema"], sent=False)
            inner += f"<h5>Body</h5>{members}" if members else ""
    slugs = response.get("x-problems", [])
    if slugs:
        links = " ".join(f'<a href="#problem-{each}"><code>{each}</code></a>' for each in slugs)
        inner += f'<p class="values">{links}</p>'
    kind = "good" if int(status) < 300 else "bad"
    text = markdown.inline(response["description"])
    head = f'<b class="status {kind}">{status}</b> <span>{text}</span>'
    if int(status) < 300 and inner:
        return f'<details class="response"><summary>{head}</summary>{inner}</details>'
    return f'<div class="response">{head}{inner}</div>'


def _responses(operation: Operation, schemas: Schemas) -> str:
    good = [(status, each) for status, each in operation.responses.items() if int(status) < 300]
    bad = [(status, each) for status, each in operation.responses.items() if int(status) >= 300]
    out = "<h4>Answers</h4>" + "".join(_response(*each, schemas) for each in good)
    if bad:
        codes = " ".join(f'<b class="status bad">{status}</b>' for status, _ in bad)
        out += (
            f'<details class="refusals"><summary>Problems {codes}</summary>'
            + "".join(_response(*each, schemas) for each in bad)
            + "</details>"
        )
    return out


def _samples(contract: dict, operation: Operation) -> str:
    out = examples.code(
        examples.curl(contract, operation.path, operation.method, operation.node, operation.parameters),
        "Request",
    )
    for status, response in operation.responses.items():
        name = f"{status} {examples.STATUS_NAMES[int(status)]}"
        content = response.get("content", {})
        value, present = examples.body_of(content)
        if int(status) < 300 and not content:
            out += examples.code("", f'<b class="good">{name}</b>').replace(
                '<pre tabindex="0"><code></code></pre>', ""
            )
        elif present and isinstance(value, str):
            out += examples.code(html.escape(value.rstrip()), f'<b class="good">{name}</b>')
        elif present:
            kind = "good" if int(status) < 300 else "bad"
            out += examples.code(
                examples.colored(examples.pretty(value)), f'<b class="{kind}">{name}</b>'
            )
    return out


def _operation(contract: dict, operation: Operation, schemas: Schemas) -> str:
    return f"""
<article class="operation" id="{operation.id}">
<div class="text">
<h3><a class="anchor" href="#{operation.id}">{html.escape(operation.node["summary"])}</a></h3>
<p class="route">{_badge(operation.method)} <code>{_path(operation.path)}</code></p>
<p>{_permission(operation)}</p>
{markdown.block(operation.node.get("description", ""), 5)}
{_parameters(operation, schemas)}
{_request(operation, schemas)}
{_responses(operation, schemas)}
</div>
<div class="samples">{_samples(contract, operation)}</div>
</article>"""


def _problem(problems: dict, each: dict) -> str:
    return f"""
<article class="problem" id="problem-{each["slug"]}">
<h3><b class="status bad">{each["status"]}</b> <a href="#problem-{each["slug"]}">{html.escape(each["title"])}</a></h3>
<p class="uri"><code>{html.escape(problems["base"] + each["slug"])}</code></p>
<p>{markdown.inline(each["description"])}</p>
<p class="remedy"><b>The way out:</b> {markdown.inline(each["remedy"])}</p>
</article>"""


def _problems(problems: dict) -> str:
    return "".join(_problem(problems, each) for each in problems["problems"])


def problem_pages(problems: dict) -> dict:
    """What each problem means, as a page and as the JSON of the same."""
    out = {}
    for each in problems["problems"]:
        body = f"""<main id="main" class="alone"><section id="problems">
{_problem(problems, each)}
<p><a href="/docs/api.html#problems">All problems</a> · <a href="/docs/">Documentation</a></p>
</section></main>"""
        facts = {"type": problems["base"] + each["slug"], **each}
        html_page = page.document(f"{each['title']} · Postrider", body, base="/docs/")
        out[each["slug"]] = {"json": facts, "html": html_page}
    return out


def _side(contract: dict, operations: list[Operation]) -> str:
    titles = re.findall(r"^## (.+)$", contract["info"]["description"], re.M)
    out = '<ul><li><a href="index.html">All documentation</a></li></ul><h2>API reference</h2><ul>' + "".join(
        f'<li><a href="#{markdown.anchor(title)}">{html.escape(title)}</a></li>' for title in titles
    )
    out += '<li><a href="#receiving">Receiving and verifying</a></li></ul>'
    for tag in contract["tags"]:
        out += f'<h2><a href="#tag-{tag["name"]}">{html.escape(tag["x-title"])}</a></h2><ul>'
        out += "".join(
            f'<li><a href="#{each.id}">{_badge(each.method)}<span>{html.escape(each.node["summary"])}</span></a></li>'
            for each in operations
            if each.tag == tag["name"]
        )
        out += "</ul>"
    return out + '<h2><a href="#problems">Problems</a></h2>'


def _webhooks(contract: dict, schemas: Schemas) -> str:
    """What arrives: each built-in type, folded."""
    out = ""
    for name, item in contract.get("webhooks", {}).items():
        post = item["post"]
        content = post["requestBody"]["content"]["application/json"]
        out += (
            f'<details class="response" id="{post["operationId"]}"><summary><code>{html.escape(name)}</code> '
            f'<span>{html.escape(post["description"])}</span></summary>'
            f"{schemas.members(content['schema'], sent=True)}"
            f"{examples.code(examples.colored(examples.pretty(content['example'])), 'Body')}</details>"
        )
    return f'<article class="operation"><div class="text">{out}</div></article>'


def render(contract: dict, problems: dict, verifying: str) -> str:
    schemas = Schemas(contract)
    operations = _operations(contract, schemas)
    sections = ""
    for tag in contract["tags"]:
        sections += f'<section id="tag-{tag["name"]}"><header><h2>{html.escape(tag["x-title"])}</h2>'
        sections += markdown.block(tag["description"], 3) + "</header>"
        sections += "".join(
            _operation(contract, each, schemas) for each in operations if each.tag == tag["name"]
        )
        if tag["name"] == "receiving":
            sections += _webhooks(contract, schemas)
        sections += "</section>"
    info = contract["info"]
    inner = f"""<section class="introduction">
<h1>API reference</h1>
<p class="lead">{markdown.inline(info["summary"])}</p>
<p>For programs: <a href="openapi.json">openapi.json</a> and <a href="openapi.yaml">openapi.yaml</a> (OpenAPI
{html.escape(contract["openapi"])}), and of each realm <code>/api/v1/realms/{{realm}}/asyncapi.json</code>, with a token.</p>
<p id="trying" class="trying"></p>
{markdown.block(info["description"], 2)}
</section>
<section class="introduction" id="receiving">
<h2>Receiving and verifying</h2>
{markdown.block(verifying, 3)}
</section>
{sections}
<section id="problems"><header><h2>Problems</h2>
<p>Every error is a problem document of one of these types.</p></header>
{_problems(problems)}</section>"""
    framed = page.frame(inner, _side(contract, operations), wide=True)
    return page.document("API reference · Postrider", framed, ("site.js", "reference.js"))


def entries(contract: dict, problems: dict) -> list[dict]:
    """What the search finds of the reference: operations, types of events, problems."""
    found = []
    for each in _operations(contract, Schemas(contract)):
        text = markdown.words(markdown.block(each.node.get("description", "")))
        names = " ".join(parameter["name"] for parameter in each.parameters)
        found.append({"title": each.node["summary"], "page": f"{each.method.upper()} {each.path}",
                      "href": f"{contents.REFERENCE}#{each.id}", "text": f"{text} {each.id} {names}"})
    for name, item in contract.get("webhooks", {}).items():
        found.append({"title": name, "page": "API reference", "text": item["post"]["description"],
                      "href": f"{contents.REFERENCE}#{item['post']['operationId']}"})
    for each in problems["problems"]:
        text = markdown.words(markdown.inline(f"{each['slug']} {each['description']} {each['remedy']}"))
        found.append({"title": each["title"], "page": f"Problem, {each['status']}",
                      "href": f"{contents.REFERENCE}#problem-{each['slug']}", "text": text})
    return found
