import { checked, must } from './checks.js'
import type { NewEvent, Postrider } from './client.js'
import { PostriderProblem } from './errors.js'

export type Dialect = 'postgresql' | 'mysql' | 'sqlite'
/** Runs one statement on a connection of the application, and gives the rows. Drivers that do not wait give them at once. */
export type Execute = (sql: string, values: unknown[]) => Promise<Record<string, unknown>[]> | Record<string, unknown>[]

const tables: Record<Dialect, string> = {
  postgresql: `CREATE TABLE IF NOT EXISTS postrider_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key varchar(64) NOT NULL, event text NOT NULL, error text)`,
  mysql: `CREATE TABLE IF NOT EXISTS postrider_outbox (id bigint AUTO_INCREMENT PRIMARY KEY,
    idempotency_key varchar(64) NOT NULL, event longtext NOT NULL, error text) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  sqlite: `CREATE TABLE IF NOT EXISTS postrider_outbox (id integer PRIMARY KEY AUTOINCREMENT,
    idempotency_key text NOT NULL, event text NOT NULL, error text)`,
}

/**
 * Events that are published if, and only if, the application's own transaction commits: add() writes them into a table of
 * the application's database, relay() sends what is there and takes it out. Each is in the log once, as long as it is
 * relayed within a day of the first attempt.
 */
export class Outbox {
  constructor(readonly dialect: Dialect) {
    must(dialect in tables, "The dialect is 'postgresql', 'mysql' or 'sqlite'.")
  }

  async createTable(execute: Execute): Promise<void> {
    await execute(tables[this.dialect], [])
  }

  /** Inside of the application's transaction. Throws at once what is wrong, and with a driver that does not wait has written at once. */
  add(execute: Execute, event: NewEvent): Promise<void> {
    const sql = `INSERT INTO postrider_outbox (idempotency_key, event) VALUES (${this.#mark(1)}, ${this.#mark(2)})`
    const written = execute(sql, [crypto.randomUUID(), JSON.stringify(checked(event))])
    return Promise.resolve(written).then(() => undefined)
  }

  /**
   * Sends at most `limit` events, oldest first, and gives how many there were; 0: nothing to do. Call it outside of a
   * transaction, again and again: it locks nothing while it sends, so the application goes on whatever becomes of the server.
   * Several may run: the order is kept, and each event is in the log once. What the server refuses as wrong stays, with its reason
   * in `error`.
   */
  async relay(execute: Execute, client: Postrider, limit = 100): Promise<number> {
    const rows = await execute(
      `SELECT id, idempotency_key, event FROM postrider_outbox WHERE error IS NULL ORDER BY id LIMIT ${Math.trunc(limit)}`, [])
    const sent: unknown[] = []
    try {
      for (const row of rows) {
        try {
          await client.publishAsWritten(String(row.event), { idempotencyKey: String(row.idempotency_key) })
          sent.push(row.id)
        } catch (error) {
          if (!(error instanceof PostriderProblem) || ![400, 413, 422].includes(error.status)) throw error
          await execute(`UPDATE postrider_outbox SET error = ${this.#mark(1)} WHERE id = ${this.#mark(2)}`, [error.message, row.id])
        }
      }
    } finally {
      // What was sent is taken out, also when the next one could not be sent.
      if (sent.length > 0) await execute(`DELETE FROM postrider_outbox WHERE id IN (${sent.map((_, at) => this.#mark(at + 1)).join(', ')})`, sent)
    }
    return rows.length
  }

  #mark(at: number): string {
    return this.dialect === 'postgresql' ? `$${at}` : '?'
  }
}
