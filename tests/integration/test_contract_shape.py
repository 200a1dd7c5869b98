"""What client generators stumble over is not in api/openapi.yaml: each check is for a fault that one of six of them had with it.

tests/e2e/test_contract_tools.py holds the same from outside: linters, and four generated clients that compile and run.
"""

import collections
import re

import pytest

from contract import Contract

CONTRACT = Contract()
#: Names that generators give to what they make themselves, or import from Java's libraries.
TAKEN = {"api", "client", "consumer", "function", "supplier", "stream", "list", "map", "date", "file", "configuration", "config", "default", "error", "model", "object", "request", "response", "type"}
#: Behind a name, generators make more of them: createClientRequest, GetFeedParams.
SUFFIXES = ("params", "request body", "json body", "with body", "response object")


def walk(value, path=()):
    """(path, mapping) of each, without examples."""
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            if name not in ("example", "examples"):
                yield from walk(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from walk(each, (*path, number))


NODES = list(walk(CONTRACT.document))
#: A mapping that stands where a schema does, and not one whose names happen to be keywords.
SCHEMAS = [(path, node) for path, node in NODES if not path or path[-1] not in ("properties", "responses", "parameters", "headers")]
PROPERTIES = [((*path, name), schema) for path, node in SCHEMAS if isinstance(node.get("properties"), dict)
              for name, schema in node["properties"].items()]


def types(schema):
    type_ = schema.get("type")
    return type_ if isinstance(type_, list) else [type_]


def joined(name):
    return re.sub(r"[-_ ]", "", name).lower()


def test_nothing_is_null_alone():
    """`next_cursor: {type: 'null'}`: a member that has no other value has no type in most languages."""
    assert [path for path, node in SCHEMAS if node.get("type") == "null" and "oneOf" not in path] == []


def test_names_are_told_apart():
    """A parameter `realm` beside a schema `realm`, a schema `client`, an operation `new_event` beside the constructor of `event`."""
    names = collections.defaultdict(list)
    for kind, items in CONTRACT.document["components"].items():
        if kind != "securitySchemes":
            for name in items:
                names[joined(name)].append(f"{kind}/{name}")
    for _, _, operation in CONTRACT.operations():
        names[joined(operation["operationId"])].append(operation["operationId"])
    assert [each for each in names.values() if len(each) > 1] == []
    assert [each for name, each in names.items() if name in TAKEN] == []
    assert [each for name, each in names.items() if name.startswith("new") and name.removeprefix("new") in names] == []
    made = {name + joined(suffix) for name in names for suffix in SUFFIXES}
    assert [names[name] for name in made & set(names)] == []


def test_media_types_of_a_body_have_one_schema():
    """One named component for both of a PATCH: else it is two types of the same content."""
    several = 0
    for _, path, operation in CONTRACT.operations():
        content = operation.get("requestBody", {}).get("content", {})
        if len(content) > 1:
            several += 1
            schemas = [each["schema"] for each in content.values()]
            assert all(list(schema) == ["$ref"] for schema in schemas) and len({schema["$ref"] for schema in schemas}) == 1, path
    assert several > 5


def test_all_of_is_of_objects():
    """`allOf` beside a type that may be null loses the null."""
    for path, node in SCHEMAS:
        if "allOf" in node:
            assert "type" not in node and "oneOf" not in path, path
            assert all(types(CONTRACT.deref(part)) == ["object"] for part in node["allOf"]), path


def test_what_may_be_null_says_so_in_one_way():
    """`last_outcome`: a reference or null; an object with members that may be null has a name or null beside it."""
    for path, node in SCHEMAS:
        alternatives = node.get("oneOf", [])
        if {"type": "null"} in alternatives:
            assert len(alternatives) == 2 and list(alternatives[0]) == ["$ref"], path
            assert "null" not in types(CONTRACT.deref(alternatives[0])), path
        assert "nullable" not in node and "anyOf" not in node, path
    last_outcome = CONTRACT.document["components"]["schemas"]["delivery"]["properties"]["last_outcome"]
    assert last_outcome["oneOf"] == [{"$ref": "#/components/schemas/last_outcome"}, {"type": "null"}]


def test_a_constant_is_text():
    """`const: true` is a type of its own in some languages, and none in others."""
    assert [path for path, node in SCHEMAS if "const" in node and not isinstance(node["const"], str)] == []


def test_members_are_schemas_with_plain_names():
    """An unquoted comma at `previous:` made a property of half a sentence."""
    for path, schema in PROPERTIES:
        assert re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", path[-1]), path
        assert isinstance(schema, dict), path
        # What is no keyword is the rest of a sentence.
        assert all(re.fullmatch(r"[A-Za-z$-]+", name) for name in schema), path
        assert schema or path[-1] in ("example", "value"), path


def test_a_default_makes_no_member_required():
    """Generators take a member with a default for one that is always there; in words it says the same."""
    assert [path for path, schema in PROPERTIES if "default" in schema] == []


def test_formats():
    for path, schema in PROPERTIES:
        name = str(path[-1])
        if "integer" in types(schema):
            # Without one, Java's are of 32 bits.
            assert schema.get("format") in ("int32", "int64"), path
        if "string" in types(schema) and (name.endswith("_at") or name in ("timestamp", "since", "until")):
            assert schema.get("format") == "date-time", path


@pytest.mark.parametrize("name", ["state", "kind", "format", "disabled_reason", "verdict", "signing"])
def test_words_of_a_list_are_enums(name):
    found = 0
    for path, schema in PROPERTIES:
        if path[-1] != name:
            continue
        schema = CONTRACT.deref(schema)
        schema = CONTRACT.deref(schema["items"]) if "items" in schema else schema
        assert "enum" in schema or "const" in schema, path
        # A null among the words needs a type that has it.
        assert (None in schema.get("enum", [])) == ("null" in types(schema)), path
        found += 1
    assert found, f"nothing is called {name}"


def test_each_operation_says_what_it_answers():
    for _, path, operation in CONTRACT.operations():
        answers = operation["responses"]
        assert any(status.startswith(("2", "308")) for status in answers), path
        assert "default" in answers or operation.get("security") == [], path
        if operation.get("security") != []:
            assert {"401", "429", "500", "default"} <= set(answers), (path, sorted(answers))
            assert "403" in answers or operation["x-permission"] in ("any token", "client"), path
        if "requestBody" in operation:
            assert {"413", "415"} <= set(answers), (path, sorted(answers))
