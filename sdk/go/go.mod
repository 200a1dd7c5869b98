module postrider.dev/go/postrider

go 1.24
