// An application and its relay on the TypeScript SDK, as outbox.py is on Python's: `outbox.mjs application|relay dialect database realm`.
import { setTimeout as wait } from 'node:timers/promises'

import { Outbox, Postrider } from 'postrider'

const [verb, dialect, database, realm, first, end] = process.argv.slice(2)

/** What runs a statement on one connection, as the outbox takes it. */
async function connect() {
  if (dialect === 'postgresql') {
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: database })
    await client.connect()
    return async (sql, values = []) => (await client.query(sql, values)).rows
  }
  if (dialect === 'sqlite') {
    // Node 22 has it as node:sqlite.
    const { DatabaseSync } = await import('@photostructure/sqlite')
    const file = new DatabaseSync(database, { timeout: 60_000 })
    return (sql, values = []) => file.prepare(sql).all(...values)
  }
  const mysql = await import('mysql2/promise')
  const connection = await mysql.createConnection(database)
  return async (sql, values = []) => (await connection.query(sql, values))[0]
}

const execute = await connect()
const outbox = new Outbox(dialect)
if (verb === 'application') {
  const mark = dialect === 'postgresql' ? '$1' : '?'
  for (let number = Number(first); number < Number(end); number += 1) {
    await execute(dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : 'BEGIN')
    await execute(`INSERT INTO orders (number) VALUES (${mark})`, [number])
    await outbox.add(execute, { event: 'order.paid', resource_id: crypto.randomUUID(), data: { n: number } })
    await execute(Math.random() < 0.2 ? 'ROLLBACK' : 'COMMIT')
  }
  process.exit() // the connection would keep it
} else {
  const client = new Postrider({ realm })
  for (;;) if ((await outbox.relay(execute, client, 20)) === 0) await wait(20)
}
