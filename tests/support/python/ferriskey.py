"""A database as FerrisKey has it, for tests: the tables that an import reads or names, with the names, types and rules of columns
that its public migrations give them, written and filled by us."""

import hashlib
import hmac
import json
import secrets
import uuid

import psycopg2
from argon2 import PasswordHasher
from psycopg2.extras import execute_values

STAMPS = "created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp NOT NULL DEFAULT now()"

#: As of July 2025, when webhooks came.
OLDEST = f"""
CREATE TABLE realms (id uuid PRIMARY KEY, name varchar(255) NOT NULL UNIQUE, {STAMPS});
CREATE TABLE realm_settings (id uuid PRIMARY KEY, realm_id uuid NOT NULL REFERENCES realms ON DELETE CASCADE,
    default_signing_algorithm varchar(255), updated_at timestamp NOT NULL DEFAULT now());
CREATE TABLE clients (id uuid PRIMARY KEY, realm_id uuid NOT NULL REFERENCES realms, name varchar(255) NOT NULL,
    client_id varchar(255) NOT NULL, secret varchar(255), enabled boolean NOT NULL DEFAULT true, protocol varchar(255) NOT NULL,
    public_client boolean NOT NULL DEFAULT false, service_account_enabled boolean NOT NULL DEFAULT false,
    client_type varchar(255) NOT NULL, {STAMPS}, UNIQUE (client_id, realm_id));
CREATE TABLE redirect_uris (id uuid PRIMARY KEY, client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE, value text NOT NULL,
    enabled boolean NOT NULL DEFAULT true, {STAMPS});
CREATE TABLE roles (id uuid PRIMARY KEY, name varchar(255) NOT NULL, description text, permissions bigint NOT NULL DEFAULT 0,
    realm_id uuid NOT NULL REFERENCES realms ON DELETE CASCADE, client_id uuid REFERENCES clients ON DELETE CASCADE, {STAMPS},
    UNIQUE (name, realm_id));
CREATE TABLE users (id uuid PRIMARY KEY, realm_id uuid NOT NULL REFERENCES realms, client_id uuid UNIQUE REFERENCES clients ON DELETE CASCADE,
    username varchar(255) NOT NULL, firstname varchar(255) NOT NULL, lastname varchar(255) NOT NULL, email varchar(255) NOT NULL,
    email_verified boolean NOT NULL DEFAULT false, enabled boolean NOT NULL DEFAULT true, {STAMPS}, UNIQUE (username, realm_id));
CREATE TABLE user_role (id bigserial PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE, {STAMPS}, UNIQUE (user_id, role_id));
CREATE TABLE user_required_actions (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, action text NOT NULL,
    created_at timestamp NOT NULL DEFAULT now(), UNIQUE (user_id, action));
CREATE TABLE credentials (id uuid PRIMARY KEY, salt varchar(255), credential_type varchar(255) NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, user_label varchar(255), secret_data text NOT NULL,
    credential_data jsonb NOT NULL, {STAMPS});
CREATE TABLE webhooks (id uuid PRIMARY KEY, realm_id uuid NOT NULL REFERENCES realms ON DELETE CASCADE, endpoint varchar(255) NOT NULL,
    triggered_at timestamp, {STAMPS});
CREATE TABLE webhook_subscribers (id uuid PRIMARY KEY, name varchar(255) NOT NULL, webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE);
"""
#: What came until May 2026: webhooks have names and headers, and are not signed yet.
MAY_2026 = """
ALTER TABLE credentials ADD temporary boolean DEFAULT false, ADD webauthn_credential_id bytea;
ALTER TABLE clients ADD direct_access_grants_enabled boolean DEFAULT false, ADD access_token_lifetime_secs integer,
    ADD maintenance_enabled boolean DEFAULT false;
ALTER TABLE webhooks ADD name varchar(255), ADD description varchar(255), ADD headers jsonb NOT NULL DEFAULT '{}';
ALTER TABLE users ALTER firstname DROP NOT NULL, ALTER lastname DROP NOT NULL, ALTER email DROP NOT NULL, ADD UNIQUE (email, realm_id);
CREATE TABLE user_attributes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    realm_id uuid NOT NULL REFERENCES realms ON DELETE CASCADE, key varchar(255) NOT NULL, value text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, key));
CREATE TABLE identity_providers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), realm_id uuid NOT NULL REFERENCES realms ON DELETE CASCADE,
    alias varchar(255) NOT NULL, provider_id varchar(255) NOT NULL DEFAULT 'oidc', enabled boolean NOT NULL DEFAULT true,
    config jsonb NOT NULL DEFAULT '{}', UNIQUE (realm_id, alias));
CREATE TABLE post_logout_redirect_uris (id uuid PRIMARY KEY, client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
    value text NOT NULL, enabled boolean NOT NULL DEFAULT true);
"""
#: What came until August 2026.
NEWEST = """
ALTER TABLE realms ADD display_name varchar(255);
ALTER TABLE clients ADD require_pkce boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD failed_login_attempts integer NOT NULL DEFAULT 0, ADD locked_until timestamptz;
ALTER TABLE roles ADD require_mfa boolean NOT NULL DEFAULT false;
ALTER TABLE webhooks ADD secret text NOT NULL, ADD last_delivery_status varchar(16), ADD last_delivery_error varchar(255);
"""
VERSIONS = {"2025-07": OLDEST, "2026-05": OLDEST + MAY_2026, "2026-08": OLDEST + MAY_2026 + NEWEST}

#: FerrisKey's own parameters.
HASHER = PasswordHasher(time_cost=5, memory_cost=7168, parallelism=1, hash_len=32, salt_len=16)


def new_id():
    return str(uuid.uuid4())


class FerrisKey:
    def __init__(self, url, version="2026-08"):
        self.url, self.version = url, version
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute(VERSIONS[version])

    def insert(self, table, **row):
        row.setdefault("id", new_id())
        if table == "users" and self.version == "2025-07":
            row = {"firstname": "", "lastname": "", "email": "", **row}
        self.cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
        return row["id"]

    def realm(self, name, display_name=None):
        realm = self.insert("realms", name=name, **({"display_name": display_name} if display_name else {}))
        self.insert("realm_settings", realm_id=realm)
        return realm

    def client(self, realm, client_id, redirect_uris=(), **row):
        row.setdefault("secret", secrets.token_hex(24))
        row.setdefault("client_type", "public" if row.get("public_client") else "confidential")
        client = self.insert("clients", realm_id=realm, name=client_id, client_id=client_id, protocol="openid-connect", **row)
        for value, enabled in redirect_uris:
            self.insert("redirect_uris", client_id=client, value=value, enabled=enabled)
        return client

    def role(self, realm, name, permissions=0, client=None):
        return self.insert("roles", realm_id=realm, name=name, permissions=permissions, client_id=client)

    def give(self, user, role):
        self.cursor.execute("INSERT INTO user_role (user_id, role_id) VALUES (%s, %s)", (user, role))

    def password(self, user, hashed, **row):
        self.insert("credentials", user_id=user, credential_type="password", secret_data=hashed, salt="in the hash",
                    credential_data=json.dumps({"hash_iterations": 5, "algorithm": "argon2id"}), **row)

    def webhook(self, realm, endpoint, events, **row):
        if self.version == "2026-08":
            row.setdefault("secret", secrets.token_hex(32))
        webhook = self.insert("webhooks", realm_id=realm, endpoint=endpoint, **row)
        for event in events:
            self.insert("webhook_subscribers", name=event, webhook_id=webhook)
        return row.get("secret")

    def users(self, realm, count, role, passwords):
        """Many, whose passwords come round again and again; as hashes they are made once."""
        hashes = [HASHER.hash(password) for password in passwords]
        ids = [new_id() for _ in range(count)]
        execute_values(self.cursor, "INSERT INTO users (id, realm_id, username, firstname, lastname, email, email_verified) VALUES %s",
                       [(ids[n], realm, f"user{n}", f"First {n}", "", f"user{n}@example.com", n % 2 == 0) for n in range(count)])
        execute_values(self.cursor, "INSERT INTO credentials (id, credential_type, user_id, secret_data, credential_data) VALUES %s",
                       [(new_id(), "password", ids[n], hashes[n % len(hashes)], json.dumps({"hash_iterations": 5, "algorithm": "argon2id"}))
                        for n in range(count)])
        execute_values(self.cursor, "INSERT INTO user_role (user_id, role_id) VALUES %s", [(each, role) for each in ids])
        return ids


def verifies(secret, request):
    """A receiver's own look at the three headers."""
    headers = request.headers
    uuid.UUID(headers["x-ferriskey-delivery-id"])
    signed = headers["x-ferriskey-timestamp"].encode() + b"." + request.body
    return hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), headers["x-ferriskey-signature"])
