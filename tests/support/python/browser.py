"""What a browser does of a login: keeps the cookie, says where it comes from."""

from client import Client, Realm

SAME = {"sec-fetch-site": "same-origin"}


class Browser(Client):
    """A client without a token that sends the session's cookie, as a page of the server itself does."""

    def __init__(self, server, realm="master"):
        super().__init__(server.address, None)
        self.cookie = None
        self.realm = Realm(self, realm)

    def raw(self, method, path, body=None, headers=None):
        headers = SAME if headers is None else headers
        if self.cookie:
            headers = {"cookie": self.cookie, **headers}
        answer = super().raw(method, path, body, headers)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    def login(self, username, password, expect=201):
        return self.realm.call("POST", "/session", {"username": username, "password": password}, expect)
