// An application and its relay on the Go SDK, as ../outbox.py is on Python's: `outbox application|relay dialect database realm`.
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	mathrand "math/rand"
	"os"
	"strconv"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"
	"postrider.dev/go/postrider"
)

var ctx = context.Background()

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func uuid() string {
	var bytes [16]byte
	_, err := rand.Read(bytes[:])
	check(err)
	bytes[6], bytes[8] = bytes[6]&0x0f|0x40, bytes[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", bytes[:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:])
}

func order(db *sql.DB, outbox postrider.Outbox, mark string, number int) {
	tx, err := db.BeginTx(ctx, nil)
	check(err)
	_, err = tx.ExecContext(ctx, "INSERT INTO orders (number) VALUES ("+mark+")", number)
	check(err)
	check(outbox.Add(ctx, tx, postrider.NewEvent{Event: "order.paid", ResourceID: uuid(), Data: map[string]int{"n": number}}))
	if mathrand.Float64() < 0.2 {
		check(tx.Rollback())
	} else {
		check(tx.Commit())
	}
}

func main() {
	verb, dialect, database, realm := os.Args[1], postrider.Dialect(os.Args[2]), os.Args[3], os.Args[4]
	driver, mark := map[postrider.Dialect]string{postrider.PostgreSQL: "postgres", postrider.MySQL: "mysql", postrider.SQLite: "sqlite"}[dialect], "?"
	if dialect == postrider.PostgreSQL {
		mark = "$1"
	}
	db, err := sql.Open(driver, database)
	check(err)
	outbox := postrider.Outbox{Dialect: dialect}
	if verb == "application" {
		first, err := strconv.Atoi(os.Args[5])
		check(err)
		end, err := strconv.Atoi(os.Args[6])
		check(err)
		for number := first; number < end; number++ {
			order(db, outbox, mark, number)
		}
		return
	}
	client, err := postrider.New(postrider.Options{Realm: realm})
	check(err)
	for {
		count, err := outbox.Relay(ctx, db, client, 20)
		check(err)
		if count == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
}
