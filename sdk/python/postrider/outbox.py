"""Events that are published if, and only if, the application's own transaction commits."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from .client import Postrider, checked
from .errors import PostriderError, PostriderProblem

_TABLES = {
    "postgresql": "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event text NOT NULL, error text",
    "mysql": "id bigint AUTO_INCREMENT PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event longtext NOT NULL, error text",
    "sqlite": "id integer PRIMARY KEY AUTOINCREMENT, idempotency_key text NOT NULL, event text NOT NULL, error text",
}


class Outbox:
    """add() writes events into a table of the application's database, relay() sends what is there and takes it out.

    `dialect` is "postgresql", "mysql" or "sqlite". Each event is in the log once, as long as it is relayed within a day of
    the first attempt. Both take a DB-API cursor.
    """

    def __init__(self, dialect: str):
        if dialect not in _TABLES:
            raise PostriderError('The dialect is "postgresql", "mysql" or "sqlite".')
        self._dialect = dialect
        self._mark = "?" if dialect == "sqlite" else "%s"

    def create_table(self, cursor: Any) -> None:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS postrider_outbox ({_TABLES[self._dialect]})")

    def add(self, cursor: Any, event: str, resource_id: str | uuid.UUID, data: dict, *,
            timestamp: str | datetime.datetime | None = None) -> None:
        """Inside of the application's transaction."""
        text = json.dumps(checked(event, resource_id, data, timestamp), ensure_ascii=False, allow_nan=False)
        cursor.execute(f"INSERT INTO postrider_outbox (idempotency_key, event) VALUES ({self._mark}, {self._mark})",
                       (str(uuid.uuid4()), text))

    def relay(self, connection: Any, client: Postrider, limit: int = 100) -> int:
        """Sends at most `limit` events, oldest first, and commits; gives how many there were: 0, nothing to do.

        Call it again and again. Several may run: on PostgreSQL and MySQL each leaves the others' rows alone. What the
        server refuses as wrong stays, with its reason in `error`.
        """
        locked = "" if self._dialect == "sqlite" else " FOR UPDATE SKIP LOCKED"
        cursor = connection.cursor()
        try:
            cursor.execute("SELECT id, idempotency_key, event FROM postrider_outbox WHERE error IS NULL "
                           f"ORDER BY id LIMIT {int(limit)}{locked}")
            rows = cursor.fetchall()
            for row_id, key, text in rows:
                try:
                    client.publish(**json.loads(text), idempotency_key=key)
                except PostriderProblem as problem:
                    if problem.status not in (400, 413, 422):
                        raise
                    cursor.execute(f"UPDATE postrider_outbox SET error = {self._mark} WHERE id = {self._mark}", (str(problem), row_id))
                else:
                    cursor.execute(f"DELETE FROM postrider_outbox WHERE id = {self._mark}", (row_id,))
        finally:
            # What was sent is taken out, also when the next one could not be sent.
            connection.commit()
            cursor.close()
        return len(rows)
