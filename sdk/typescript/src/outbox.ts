import { checked } from './client.js'
import type { Postrider } from './client.js'
import { PostriderProblem } from './errors.js'
import type { NewEvent } from './types.js'

export type Dialect = 'postgresql' | 'mysql' | 'sqlite'
/** Runs one statement on the application's connection, inside of its transaction, and gives the rows. */
export type Execute = (sql: string, values: unknown[]) => Promise<Record<string, unknown>[]> | Record<string, unknown>[]

const tables: Record<Dialect, string> = {
  postgresql: `CREATE TABLE IF NOT EXISTS postrider_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key varchar(64) NOT NULL, event text NOT NULL, error text)`,
  mysql: `CREATE TABLE IF NOT EXISTS postrider_outbox (id bigint AUTO_INCREMENT PRIMARY KEY,
    idempotency_key varchar(64) NOT NULL, event longtext NOT NULL, error text)`,
  sqlite: `CREATE TABLE IF NOT EXISTS postrider_outbox (id integer PRIMARY KEY AUTOINCREMENT,
    idempotency_key text NOT NULL, event text NOT NULL, error text)`,
}

/**
 * Events that are published if, and only if, the application's own transaction commits: add() writes them into a table of
 * the application's database, relay() sends what is there and takes it out. Each is in the log once, as long as it is
 * relayed within a day of the first attempt.
 */
export class Outbox {
  constructor(readonly dialect: Dialect) {}

  async createTable(execute: Execute): Promise<void> {
    await execute(tables[this.dialect], [])
  }

  /** Inside of the application's transaction. */
  async add(execute: Execute, event: NewEvent): Promise<void> {
    const sql = `INSERT INTO postrider_outbox (idempotency_key, event) VALUES (${this.#values(2)})`
    await execute(sql, [crypto.randomUUID(), JSON.stringify(checked(event))])
  }

  /**
   * Sends at most `limit` events, oldest first, and gives how many there were; 0: nothing to do. Call it inside of a
   * transaction of its own, again and again. Several may run: on PostgreSQL and MySQL each takes others' rows not.
   * What the server refuses as wrong stays, with its reason in `error`.
   */
  async relay(execute: Execute, client: Postrider, limit = 100): Promise<number> {
    const locked = this.dialect === 'sqlite' ? '' : ' FOR UPDATE SKIP LOCKED'
    const rows = await execute(
      `SELECT id, idempotency_key, event FROM postrider_outbox WHERE error IS NULL ORDER BY id LIMIT ${Math.trunc(limit)}${locked}`, [])
    for (const row of rows) {
      try {
        await client.publish(JSON.parse(String(row.event)), { idempotencyKey: String(row.idempotency_key) })
        await execute(`DELETE FROM postrider_outbox WHERE id = ${this.#values(1)}`, [row.id])
      } catch (error) {
        if (!(error instanceof PostriderProblem) || ![400, 413, 422].includes(error.status)) throw error
        const [first, second] = this.dialect === 'postgresql' ? ['$1', '$2'] : ['?', '?']
        await execute(`UPDATE postrider_outbox SET error = ${first} WHERE id = ${second}`, [error.message, row.id])
      }
    }
    return rows.length
  }

  #values(count: number): string {
    return Array.from({ length: count }, (_, at) => (this.dialect === 'postgresql' ? `$${at + 1}` : '?')).join(', ')
  }
}
