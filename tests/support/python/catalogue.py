"""For each of the 27 event types, the real change through the API that fires it."""

import itertools

PASSWORD = "correct horse battery staple"


class Walk:
    """Changes of one realm, each told with the id of the resource that it changed."""

    def __init__(self, server, realm):
        self.server, self.realm = server, realm
        self.numbers = itertools.count()

    def name(self, prefix):
        return f"{prefix}-{next(self.numbers)}"

    def make(self, path, **body):
        return self.realm.call("POST", path, body, 201).json

    def user(self):
        return self.make("/users", username=self.name("u"))["id"]

    def role(self):
        return self.make("/roles", name=self.name("r"))["id"]

    def client(self):
        return self.make("/clients", client_id=self.name("c"))["id"]

    def client_role(self):
        client = self.client()
        return f"/clients/{client}/roles", self.make(f"/clients/{client}/roles", name="buyer")["id"]

    def redirect_uri(self):
        client = self.client()
        made = self.make(f"/clients/{client}/redirects", value="https://shop.example/cb")
        return f"/clients/{client}/redirects", made["id"]

    def webhook(self):
        return self.realm.create_webhook("http://127.0.0.1:9/", events=["order.paid"])["id"]

    def call(self, method, path, body=None, expect=200):
        return self.realm.call(method, path, body, expect)

    def realm_id(self):
        return self.call("GET", "").json["id"]

    def changes(self):
        """(event type, a function that prepares and gives (the change, the changed resource's id))."""
        def created(make):
            return lambda: (lambda: made(make()), None)

        def made(value):
            return value[1] if isinstance(value, tuple) else value

        def changed(make, method, tail="", body=None, expect=200, folder=None):
            def prepare():
                value = make()
                path, id_ = value if isinstance(value, tuple) else (folder, value)
                return lambda: self.call(method, f"{path}/{id_}{tail}", body, expect) and id_, id_
            return prepare

        users, roles, clients, hooks = "/users", "/roles", "/clients", "/webhooks"
        yield "user.created", created(self.user)
        yield "user.updated", changed(self.user, "PATCH", "", {"first_name": "Ada"}, folder=users)
        yield "user.updated", changed(self.user, "PUT", "/password", {"password": PASSWORD}, 204, folder=users)
        yield "user.deleted", changed(self.user, "DELETE", expect=204, folder=users)
        yield "user.role.assigned", lambda: self.assignment("POST")
        yield "user.role.unassigned", lambda: self.assignment("DELETE")
        yield "user.bulk_deleted", self.bulk
        yield "user.credentials.deleted", self.credential
        yield "auth.reset_password", changed(self.user, "POST", "/reset-password", folder=users)
        yield "client.created", created(self.client)
        yield "client.updated", changed(self.client, "PATCH", "", {"name": "Shop"}, folder=clients)
        yield "client.updated", changed(self.client, "POST", "/secret/rotate", folder=clients)
        yield "client.deleted", changed(self.client, "DELETE", expect=204, folder=clients)
        yield "client.role.created", lambda: self.below_client("roles", name="buyer")
        yield "client.role.updated", changed(self.client_role, "PATCH", "", {"description": "Buys"})
        yield "role.deleted", changed(self.client_role, "DELETE", expect=204)
        yield "redirect_uri.created", lambda: self.below_client("redirects", value="https://shop.example/cb")
        yield "redirect_uri.updated", changed(self.redirect_uri, "PATCH", "", {"enabled": False})
        yield "redirect_uri.deleted", changed(self.redirect_uri, "DELETE", expect=204)
        yield "role.created", created(self.role)
        yield "role.updated", changed(self.role, "PATCH", "", {"description": "Reads"}, folder=roles)
        yield "role.deleted", changed(self.role, "DELETE", expect=204, folder=roles)
        yield "role.permission.updated", changed(self.role, "PUT", "/permissions",
                                                 {"permissions": ["view_users"]}, folder=roles)
        yield "realm.updated", self.on_realm("PATCH", "", {"display_name": "Another"})
        yield "realm.settings.updated", self.on_realm("PATCH", "/settings", {"retention_days": 7})
        yield "webhook.created", created(self.webhook)
        yield "webhook.updated", changed(self.webhook, "PATCH", "", {"name": "renamed"}, folder=hooks)
        yield "webhook.deleted", changed(self.webhook, "DELETE", expect=204, folder=hooks)

    def assignment(self, method):
        user, role = self.user(), self.role()
        path = f"/users/{user}/roles/{role}"
        if method == "DELETE":
            self.call("POST", path, None, 204)
        return lambda: self.call(method, path, None, 204) and user, user

    def bulk(self):
        ids, realm = [self.user() for _ in range(3)], self.realm_id()
        return lambda: self.call("POST", "/users/bulk-delete", {"ids": ids}) and realm, realm

    def credential(self):
        user = self.user()
        self.call("PUT", f"/users/{user}/password", {"password": PASSWORD}, 204)
        found = self.call("GET", f"/users/{user}/credentials").json["items"][0]["id"]
        return lambda: self.call("DELETE", f"/users/{user}/credentials/{found}", None, 204) and user, user

    def below_client(self, folder, **body):
        client = self.client()
        return lambda: self.make(f"/clients/{client}/{folder}", **body)["id"], None

    def on_realm(self, method, tail, body):
        def prepare():
            id_ = self.realm_id()
            return lambda: self.call(method, tail, body) and id_, id_
        return prepare
