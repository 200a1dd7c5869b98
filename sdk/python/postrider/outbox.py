"""Events that are published if, and only if, the application's own transaction commits."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from .checks import as_json, checked
from .client import Postrider
from .errors import PostriderError, PostriderProblem

_TABLES = {
    "postgresql": "(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event text NOT NULL, error text)",
    "mysql": "(id bigint AUTO_INCREMENT PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event longtext NOT NULL, error text) "
             "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "sqlite": "(id integer PRIMARY KEY AUTOINCREMENT, idempotency_key text NOT NULL, event text NOT NULL, error text)",
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
        cursor.execute(f"CREATE TABLE IF NOT EXISTS postrider_outbox {_TABLES[self._dialect]}")

    def add(self, cursor: Any, event: str, resource_id: str | uuid.UUID, data: dict, *,
            timestamp: str | datetime.datetime | None = None) -> None:
        """Inside of the application's transaction."""
        row = str(uuid.uuid4()), as_json(checked(event, resource_id, data, timestamp))
        cursor.execute(f"INSERT INTO postrider_outbox (idempotency_key, event) VALUES ({self._mark}, {self._mark})", row)

    def relay(self, connection: Any, client: Postrider, limit: int = 100) -> int:
        """Sends at most `limit` events, oldest first, and commits; gives how many there were: 0, nothing to do.

        Call it outside of a transaction, again and again: it locks nothing while it sends, so the application goes on
        whatever becomes of the server. Several may run: the order is kept, and each event is in the log once. What the server
        refuses as wrong stays, with its reason in `error`.
        """
        cursor = connection.cursor()
        cursor.execute(f"SELECT id, idempotency_key, event FROM postrider_outbox WHERE error IS NULL ORDER BY id LIMIT {int(limit)}")
        rows = cursor.fetchall()
        connection.commit()
        done: list[tuple] = []
        try:
            for row_id, key, event in rows:
                try:
                    client.publish_as_written(event, idempotency_key=key)
                except PostriderProblem as problem:
                    if problem.status not in (400, 413, 422):
                        raise
                    done.append((f"UPDATE postrider_outbox SET error = {self._mark} WHERE id = {self._mark}", (str(problem), row_id)))
                else:
                    done.append((f"DELETE FROM postrider_outbox WHERE id = {self._mark}", (row_id,)))
        finally:
            # What was sent is taken out, also when the next one could not be sent.
            for statement in done:
                cursor.execute(*statement)
            connection.commit()
            cursor.close()
        return len(rows)
