"""JSON Schema as nested lists of members."""
import html
import json

from docs_site import markdown


class Schemas:
    """Renders schemas of one contract; `$ref`s are looked up in it."""

    def __init__(self, contract: dict) -> None:
        self._contract = contract

    def resolve(self, node: dict) -> dict:
        """Follows `$ref`; members beside it win."""
        while "$ref" in node:
            target = self._contract
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def flatten(self, node: dict) -> dict:
        """An object with the members of its `allOf` parts, or of the one thing that it is unless it is null."""
        node = self.resolve(node)
        things = [each for each in node.get("oneOf", []) if each.get("type") != "null"]
        if len(things) == 1:
            thing = self.flatten(things[0])
            rest = {key: value for key, value in node.items() if key != "oneOf"}
            return {**thing, **rest, "type": [thing.get("type", "any"), "null"]}
        if "allOf" not in node:
            return node
        merged: dict = {"type": "object", "properties": {}, "required": []}
        if "description" in node:
            merged["description"] = node["description"]
        for part in node["allOf"]:
            part = self.flatten(part)
            merged["properties"].update(part.get("properties", {}))
            merged["required"] += part.get("required", [])
        return merged

    def type_name(self, node: dict) -> str:
        node = self.flatten(node)
        if "oneOf" in node:
            return " or ".join(self.type_name(each) for each in node["oneOf"])
        kinds = node.get("type", "any")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        names = []
        for kind in kinds:
            if kind == "array":
                names.append(f"array of {self.type_name(node.get('items', {}))}")
            elif kind == "object" and isinstance(node.get("additionalProperties"), dict):
                names.append(f"map of {self.type_name(node['additionalProperties'])}")
            elif kind == "string" and "format" in node:
                names.append({"date-time": "time", "uuid": "UUID", "uri": "URI"}[node["format"]])
            else:
                names.append(kind)
        return " or ".join(dict.fromkeys(" or ".join(names).split(" or ")))

    @staticmethod
    def _constraints(node: dict) -> list[str]:
        def between(low, high, unit: str) -> str:
            if low is not None and high is not None:
                return f"{low:,} to {high:,}{unit}"
            return f"at most {high:,}{unit}" if high is not None else f"at least {low:,}{unit}"

        out = []
        for low, high, unit in (
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " entries"),
            ("minProperties", "maxProperties", " entries"),
            ("minimum", "maximum", ""),
        ):
            if low in node or high in node:
                out.append(between(node.get(low), node.get(high), unit))
        if "const" in node:
            out.append(f"always <code>{html.escape(json.dumps(node['const']))}</code>")
        if "default" in node:
            value = json.dumps(node["default"], ensure_ascii=False)
            out.append(f"default <code>{html.escape(value)}</code>")
        return out

    def note(self, node: dict) -> str:
        """Limits, allowed values and description."""
        node = self.flatten(node)
        out = ""
        if "enum" in node:
            values = " ".join(
                f"<code>{html.escape('null' if value is None else str(value))}</code>"
                for value in node["enum"]
            )
            out += f'<p class="values">one of {values}</p>'
        if "description" in node:
            out += markdown.block(node["description"], 6)
        return out

    def row(self, name: str, node: dict, required: bool, inner: str = "") -> str:
        flat = self.flatten(node)
        facts = [self.type_name(node)] + self._constraints(flat)
        if required:
            facts.insert(0, '<b class="required">required</b>')
        return (
            f'<li><div class="member"><code class="name">{html.escape(name)}</code> '
            f'<span class="facts">{" · ".join(facts)}</span></div>'
            f"{self.note(node)}{inner}</li>"
        )

    def _children(self, node: dict, sent: bool) -> str:
        """What is inside of a member, folded."""
        flat = self.flatten(node)
        inside = self.flatten(flat["items"]) if "items" in flat else flat
        if not inside.get("properties"):
            return ""
        what = "each entry" if "items" in flat else "its members"
        return f"<details><summary>{what}</summary>{self.members(inside, sent)}</details>"

    def members(self, node: dict, sent: bool) -> str:
        """The members of an object, as a list; whether they are required matters when it is sent."""
        flat = self.flatten(node)
        if "items" in flat and not flat.get("properties"):
            return self.members(flat["items"], sent)
        required = flat.get("required", []) if sent else []
        rows = "".join(
            self.row(name, child, name in required, self._children(child, sent))
            for name, child in flat.get("properties", {}).items()
        )
        return f'<ul class="members">{rows}</ul>' if rows else ""
