"""api/openapi.yaml, read by other people's YAML and JSON Schema code."""

import json
import re
import uuid

import jsonschema
import yaml

from server import ROOT

METHODS = ("get", "put", "post", "patch", "delete")


def load():
    with open(ROOT / "api" / "openapi.yaml", encoding="utf-8") as file:
        document = yaml.load(file, Loader=TextLoader)
    # YAML's anchors make shared objects of JSON's plain ones.
    return json.loads(json.dumps(document))


class TextLoader(yaml.SafeLoader):
    """Leaves times as text, as JSON has them."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def problem_types():
    return json.loads((ROOT / "api" / "problems.json").read_text())["problems"]


def is_date_time(value):
    return not isinstance(value, str) or re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", value) is not None


class Contract:
    def __init__(self):
        self.document = load()
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.formats = jsonschema.FormatChecker(["uuid"])
        self.formats.checks("date-time")(is_date_time)

    def operations(self):
        """(method, path, operation) of each, in the file's order."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def deref(self, value):
        while isinstance(value, dict) and "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def check(self, value, schema):
        jsonschema.Draft202012Validator(schema, resolver=self.resolver,
                                        format_checker=self.formats).validate(value)

    def check_answer(self, operation, answer):
        """Status, media type and body must be those of the file."""
        described = self.deref(operation["responses"].get(str(answer.status)))
        assert described is not None, f"{operation['operationId']}: not described: {answer}"
        content = described.get("content", {})
        if not content:
            assert answer.body == b"", answer
            return
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in content, f"{operation['operationId']}: {kind}"
        if kind.endswith("json"):
            value = answer.json
            self.check(value, content[kind]["schema"])
            if kind == "application/problem+json":
                allowed = described.get("x-problems", [])
                assert answer.problem in allowed, f"{answer.problem} is none of {allowed}"
        for name, header in described.get("headers", {}).items():
            if "Replayed" not in name:
                assert name.lower() in answer.headers, f"{operation['operationId']} lacks {name}"
                self.deref(header)

    def examples(self):
        """(where, example, schema) of every example in the file."""
        for method, path, operation in self.operations():
            where = f"{method} {path}"
            for content in (operation.get("requestBody", {}).get("content", {})).items():
                if "example" in content[1]:
                    yield where, content[1]["example"], content[1]["schema"]
            for status, response in operation["responses"].items():
                for kind, content in self.deref(response).get("content", {}).items():
                    if "example" in content:
                        yield f"{where} {status} {kind}", content["example"], content["schema"]


def some_uuid():
    return str(uuid.uuid4())
