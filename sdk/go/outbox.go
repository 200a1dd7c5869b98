package postrider

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Dialect of the application's database.
type Dialect string

// The databases that an Outbox knows.
const (
	PostgreSQL Dialect = "postgresql"
	MySQL      Dialect = "mysql"
	SQLite     Dialect = "sqlite"
)

var tables = map[Dialect]string{
	PostgreSQL: "(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event text NOT NULL, error text)",
	MySQL:      "(id bigint AUTO_INCREMENT PRIMARY KEY, idempotency_key varchar(64) NOT NULL, event longtext NOT NULL, error text) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	SQLite:     "(id integer PRIMARY KEY AUTOINCREMENT, idempotency_key text NOT NULL, event text NOT NULL, error text)",
}

// Outbox holds events that are published if, and only if, the application's own transaction commits: Add writes them into a
// table of the application's database, Relay sends what is there and takes it out. Each is in the log once, as long as it is
// relayed within a day of the first attempt.
type Outbox struct{ Dialect Dialect }

// Execer is a *sql.DB, *sql.Tx or *sql.Conn.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (o Outbox) mark(at int) string {
	if o.Dialect == PostgreSQL {
		return fmt.Sprintf("$%d", at)
	}
	return "?"
}

// CreateTable makes the table unless it is there.
func (o Outbox) CreateTable(ctx context.Context, db Execer) error {
	table, ok := tables[o.Dialect]
	if !ok {
		return wrong("the Dialect is PostgreSQL, MySQL or SQLite, not %q", o.Dialect)
	}
	_, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS postrider_outbox "+table)
	return err
}

// Add writes an event down, inside of the application's transaction.
func (o Outbox) Add(ctx context.Context, tx Execer, event NewEvent) error {
	body, err := event.body()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO postrider_outbox (idempotency_key, event) VALUES ("+o.mark(1)+", "+o.mark(2)+")", NewKey(), string(body))
	return err
}

type waiting struct {
	id         int64
	key, event string
}

// Relay sends at most limit events, oldest first, and gives how many there were: 0, nothing to do. Call it again and again: it
// locks nothing while it sends, so the application goes on whatever becomes of the server. Several may run: the order
// is kept, and each event is in the log once. What the server refuses as wrong stays, with its reason in the column error.
func (o Outbox) Relay(ctx context.Context, db *sql.DB, client *Client, limit int) (int, error) {
	rows, err := o.read(ctx, db, limit)
	if err != nil {
		return 0, err
	}
	var sent []any
	for _, row := range rows {
		if _, err = client.publish(ctx, []byte(row.event), row.key); err == nil {
			sent = append(sent, row.id)
			continue
		}
		var problem *Problem
		if !errors.As(err, &problem) || !slices.Contains([]int{400, 413, 422}, problem.Status) {
			break
		}
		if _, err = db.ExecContext(ctx, "UPDATE postrider_outbox SET error = "+o.mark(1)+" WHERE id = "+o.mark(2), problem.Error(), row.id); err != nil {
			break
		}
	}
	// What was sent is taken out, also when the next one could not be sent.
	return len(rows), both(err, o.remove(context.WithoutCancel(ctx), db, sent))
}

func (o Outbox) read(ctx context.Context, db *sql.DB, limit int) ([]waiting, error) {
	query := fmt.Sprintf("SELECT id, idempotency_key, event FROM postrider_outbox WHERE error IS NULL ORDER BY id LIMIT %d", limit)
	found, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []waiting
	for found.Next() {
		var row waiting
		if err := found.Scan(&row.id, &row.key, &row.event); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func (o Outbox) remove(ctx context.Context, db Execer, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	marks := make([]string, len(ids))
	for at := range ids {
		marks[at] = o.mark(at + 1)
	}
	_, err := db.ExecContext(ctx, "DELETE FROM postrider_outbox WHERE id IN ("+strings.Join(marks, ", ")+")", ids...)
	return err
}
