"""api/openapi.yaml is what the server does, in both directions."""

import html
import re
import subprocess

import pytest

from client import Client
from contract import METHODS, Contract, problem_types
from server import ROOT, binary, environment
from world import body_for, fill, is_form, make_world, required_query, send_form

CONTRACT = Contract()
OPERATIONS = {operation["operationId"]: (method, path, operation)
              for method, path, operation in CONTRACT.operations()}


@pytest.fixture
def world(server, receiver):
    return make_world(server, receiver)


LAST = ("unassign_user_role", "delete_webhook", "delete_user", "delete_role", "delete_client", "delete_realm")
ORDER = sorted(OPERATIONS, key=lambda id_: (id_.startswith(("delete_", "cancel_", "unassign_")),
                                            LAST.index(id_) if id_ in LAST else -1))


def test_every_operation_answers_as_described(server, receiver, world):
    realm, names = world
    for operation_id in ORDER:
        method, path, operation = OPERATIONS[operation_id]
        body = body_for(operation_id, receiver.url("/contract"))
        body = body(realm) if callable(body) else body
        assert body is not None or "requestBody" not in operation, f"no body here for {operation_id}"
        if operation_id == "delete_event_type":
            names = {**names, "event_type": "order.shipped"}
        if is_form(operation):
            answer = send_form(server.client, fill(path, names), body, secret=names["client_secret"])
        else:
            answer = server.client.raw(method, fill(path, names) + required_query(operation), _json(body))
        # The operation has ended, the key that asks is no session, and the delivery is final, unless it was just redelivered.
        expected = {"cancel_operation": (409,), "end_current_session": (409,), "attempt_now": (202, 409), "get_docs": (308,)}.get(operation_id)
        assert answer.status in (expected or range(200, 300)), f"{operation_id}: {answer}"
        CONTRACT.check_answer(operation, answer)


def _json(body):
    import json
    return None if body is None else json.dumps(body).encode()


def test_bad_bodies_are_described(server, world):
    _, names = world
    for operation_id, (method, path, operation) in OPERATIONS.items():
        if "requestBody" not in operation or is_form(operation):
            continue
        for body, status in ((b'{"unknown":1}', 422), (b"{", 400), (b"[]", 422)):
            answer = server.client.raw(method, fill(path, names), body)
            assert answer.status == status or (answer.status == 404 and status == 422), (
                f"{operation_id} {body}: {answer}")
            CONTRACT.check_answer(operation, answer)


def test_a_body_may_be_left_out_where_the_contract_says_so(server, world):
    _, names = world
    for operation_id, (method, path, operation) in OPERATIONS.items():
        if "requestBody" not in operation or is_form(operation):
            continue
        answer = server.client.raw(method, fill(path, names))
        CONTRACT.check_answer(operation, answer)
        if operation["requestBody"]["required"]:
            assert answer.status in (400, 404, 415, 422), f"{operation_id}: {answer}"
        else:
            assert answer.status < 400 or answer.status in (404, 409), f"{operation_id}: {answer}"


def test_everything_needs_a_token(server, world):
    _, names = world
    open_operations = []
    for operation_id, (method, path, operation) in OPERATIONS.items():
        for token in (None, "prk_wrong"):
            answer = Client(server.address, token).raw(method, fill(path, names))
            if is_form(operation):
                answer = send_form(Client(server.address, None), fill(path, names), {}, secret=token or "")
                assert answer.status == 401 and answer.json["error"] == "invalid_client", f"{operation_id}: {answer}"
                CONTRACT.check_answer(operation, answer)
                assert answer.headers["www-authenticate"].startswith("Basic")
            elif operation.get("security") == []:
                assert answer.status in (200, 308, 400, 415, 503), f"{operation_id}: {answer}"
                open_operations.append(operation_id)
            else:
                assert answer.status == 401, f"{operation_id}: {answer}"
                CONTRACT.check_answer(operation, answer)
                assert answer.headers["www-authenticate"].startswith("Bearer")
    assert set(open_operations) == {"get_health", "get_readiness", "get_docs", "get_docs_file", "get_openapi_json", "get_openapi_yaml",
                                    "get_problem_type", "get_jwks", "get_console", "get_console_page",
                                    "get_console_asset", "get_set_password_page", "create_session",
                                    "request_password_reset", "complete_password_reset", "get_oauth_metadata"}


def test_the_router_has_what_the_file_has():
    done = subprocess.run([binary(), "routes"], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env=environment(), check=True)
    routes = {tuple(line.split(maxsplit=3)) for line in done.stdout.splitlines() if line.strip()}
    described = {(method, path, operation_id, operation["x-permission"])
                 for operation_id, (method, path, operation) in OPERATIONS.items()}
    assert routes == described


def test_other_methods_are_405(server, world):
    _, names = world
    for path, item in CONTRACT.document["paths"].items():
        allowed = {method.upper() for method in METHODS if method in item}
        for method in {method.upper() for method in METHODS} - allowed:
            answer = server.client.raw(method, fill(path, names))
            assert answer.status == 405 and answer.problem == "method-not-allowed", f"{method} {path}"
            told = set(answer.headers["allow"].replace(" ", "").split(","))
            assert told - {"HEAD", "OPTIONS"} == allowed, path


def test_head_works_where_get_does(server, world):
    _, names = world
    for operation_id, (method, path, _) in OPERATIONS.items():
        if method == "GET" and not operation_id.startswith("get_webhook") and "operation" not in operation_id:
            get, head = (server.client.raw(m, fill(path, names)) for m in ("GET", "HEAD"))
            assert head.status == get.status and head.body == b"", operation_id
            assert head.headers.get("content-type") == get.headers.get("content-type"), operation_id


def test_the_examples_are_valid():
    count = 0
    for where, example, schema in CONTRACT.examples():
        try:
            CONTRACT.check(example, schema)
        except Exception as error:
            raise AssertionError(f"{where}: {error}") from error
        count += 1
    assert count > 30


def test_problem_types_are_listed():
    known = {problem["slug"]: problem for problem in problem_types()}
    used = set()
    for operation_id, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            for slug in CONTRACT.deref(response).get("x-problems", []):
                assert status == "default" or known[slug]["status"] == int(status), f"{operation_id} {status} {slug}"
                used.add(slug)
    assert set(known) == used


def test_built_in_examples_match_their_schemas(server):
    import jsonschema
    for item in server.client.call("GET", "/event-types", expect=200).json["items"]:
        jsonschema.Draft202012Validator.check_schema(item["schema"])
        jsonschema.Draft202012Validator(item["schema"]).validate(item["example"])


def test_own_events_match_their_schemas(server, receiver):
    """What webhook.* and realm.* really carry is what the catalogue says that they do."""
    import jsonschema
    schemas = {item["name"]: item["schema"]
               for item in server.client.call("GET", "/event-types", expect=200).json["items"]}
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url("/x"), events=["order.paid"], headers={"X-A": "1"})
    realm.patch_webhook(hook["id"], name="n")
    realm.delete_webhook(hook["id"])
    server.client.call("PATCH", f"/realms/{realm.name}", {"display_name": "d"}, 200)
    seen = set()
    for event in realm.items("/events"):
        jsonschema.Draft202012Validator(schemas[event["event"]]).validate(event["data"])
        seen.add(event["event"])
    assert seen == {"realm.created", "realm.updated", "webhook.created", "webhook.updated",
                    "webhook.deleted"}


def test_the_reference_names_every_path(server):
    answer = Client(server.address, None).raw("GET", "/docs/api")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
    text = html.unescape(re.sub(r"<[^>]+>", "", answer.body.decode()))
    for _, path, _ in CONTRACT.operations():
        assert path in text, path


def test_the_contract_is_served(server):
    anybody = Client(server.address, None)
    served = anybody.raw("GET", "/openapi.json")
    assert served.json == CONTRACT.document and served.headers["content-type"] == "application/json"
    text = anybody.raw("GET", "/openapi.yaml")
    assert text.body == (ROOT / "api" / "openapi.yaml").read_bytes()
    assert text.headers["content-type"].startswith("application/yaml")
    page = anybody.raw("GET", "/docs/api.html").body.decode()
    assert 'href="openapi.json"' in page and 'href="openapi.yaml"' in page


def test_every_problem_has_a_page(server):
    anybody = Client(server.address, None)
    for problem in problem_types():
        path = f"/problems/{problem['slug']}"
        said = anybody.raw("GET", path).json
        assert said == {"type": f"https://postrider.dev/problems/{problem['slug']}", **problem}
        shown = anybody.raw("GET", path, headers={"accept": "text/html,*/*;q=0.8"})
        assert shown.headers["content-type"].startswith("text/html") and "Accept" in shown.headers["vary"]
        text = html.unescape(re.sub(r"<[^>]+>", "", shown.body.decode()))
        assert problem["title"] in text and problem["remedy"].replace("`", "") in text
    answer = anybody.raw("GET", "/problems/nothing")
    assert answer.status == 404 and answer.problem == "not-found"
