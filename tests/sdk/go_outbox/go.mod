module outbox

go 1.21

require (
	github.com/go-sql-driver/mysql v1.8.1
	github.com/lib/pq v1.10.9
	postrider.dev/go/postrider v0.0.0
)

require filippo.io/edwards25519 v1.1.0 // indirect

replace postrider.dev/go/postrider => ../module
