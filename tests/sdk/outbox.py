"""An application and its relay, for tests/e2e/test_sdk.py, to be killed: `outbox.py application|relay dialect database realm`."""

import random
import sqlite3
import sys
import time
import uuid

import postrider

verb, dialect, database, realm = sys.argv[1:5]


def connect():
    if dialect == "sqlite":
        return sqlite3.connect(database, timeout=60, isolation_level="IMMEDIATE")
    if dialect == "mysql":
        import pymysql

        host, port, name = database.split(" ")
        return pymysql.connect(host=host, port=int(port), user="root", password="", database=name)
    import psycopg2

    return psycopg2.connect(database)


outbox, mark = postrider.Outbox(dialect), "?" if dialect == "sqlite" else "%s"
connection = connect()
if verb == "application":
    for number in range(int(sys.argv[5]), int(sys.argv[6])):
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO orders (number) VALUES ({mark})", (number,))
        outbox.add(cursor, "order.paid", uuid.uuid4(), {"n": number})
        connection.rollback() if random.random() < 0.2 else connection.commit()
else:
    client = postrider.Postrider(realm=realm)
    while True:
        if outbox.relay(connection, client, 20) == 0:
            time.sleep(0.02)
