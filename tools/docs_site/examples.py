"""Example requests and answers."""
import html
import json
import re
import urllib.parse

STATUS_NAMES = {
    200: "OK", 308: "Permanent Redirect", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 410: "Gone", 412: "Precondition Failed", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error",
    503: "Service Unavailable", 504: "Gateway Timeout", 507: "Insufficient Storage",
}  # fmt: skip

_TOKENS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<word>\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*)"
)


def pretty(value, indent: int = 0, width: int = 58) -> str:
    """JSON for people: what fits a line stays on it."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, (dict, list)) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {pretty(item, indent + 2)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    lines = [pad + pretty(item, indent + 2) for item in value]
    return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"


def colored(text: str) -> str:
    """JSON text with its tokens marked for the style sheet."""
    out, last = [], 0
    for match in _TOKENS.finditer(text):
        out.append(html.escape(text[last : match.start()], quote=False))
        kind = match.lastgroup
        out.append(f'<i class="{kind}">{html.escape(match.group(), quote=False)}</i>')
        last = match.end()
    out.append(html.escape(text[last:], quote=False))
    return "".join(out)


def code(inner: str, label: str) -> str:
    return (
        f'<figure class="code"><figcaption>{label}</figcaption>'
        f'<pre tabindex="0"><code>{inner}</code></pre></figure>'
    )


def body_of(content: dict):
    """The example of the first media type that has one, and whether there is one."""
    for media in content.values():
        if "example" in media:
            return media["example"], True
    return None, False


def _url(contract: dict, path: str, parameters: list[dict]) -> str:
    url = contract["servers"][0]["url"] + path
    query = []
    for parameter in parameters:
        example = parameter.get("example")
        if parameter["in"] == "path":
            url = url.replace("{" + parameter["name"] + "}", str(example))
        elif parameter["in"] == "query" and example is not None:
            query.append(f"{parameter['name']}={urllib.parse.quote(str(example), safe=':*.')}")
    return url + ("?" + "&".join(query) if query else "")


def curl(contract: dict, path: str, method: str, operation: dict, parameters: list[dict]) -> str:
    url = _url(contract, path, parameters)
    quoted = f"'{url}'" if re.search(r"[?&*]", url) else url
    lines = ["curl " + ("" if method == "get" else f"-X {method.upper()} ") + quoted]
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $POSTRIDER_TOKEN"')
    for parameter in parameters:
        if parameter["in"] == "header" and parameter["name"] == "Idempotency-Key":
            lines.append(f"-H 'Idempotency-Key: {parameter['example']}'")
    example, present = body_of(operation.get("requestBody", {}).get("content", {}))
    if present:
        lines.append("-H 'Content-Type: application/json'")
        lines.append("-d '" + pretty(example).replace("'", "'\\''") + "'")
    text = " \\\n  ".join(lines)
    return re.sub(r"('[^']*'|&quot;.*?&quot;)", r'<i class="string">\1</i>', html.escape(text, quote=False))
