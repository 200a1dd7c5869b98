// Receives Postrider's webhooks: verifies, drops duplicates, answers, then works.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	bodyBytesMax  = 2 << 20
	rememberedIDs = 10_000
)

type event struct {
	Event      string          `json:"event"`
	Timestamp  time.Time       `json:"timestamp"`
	ResourceID string          `json:"resource_id"`
	Data       json.RawMessage `json:"data"`
}

type job struct {
	id    string
	event event
}

// seen holds the ids that were received; a real receiver keeps them in its database, beside its work.
type seen struct {
	sync.Mutex
	ids   map[string]bool
	order []string
}

func (s *seen) firstTime(id string) bool {
	s.Lock()
	defer s.Unlock()
	if s.ids[id] {
		return false
	}
	s.ids[id] = true
	s.order = append(s.order, id)
	if len(s.order) > rememberedIDs {
		delete(s.ids, s.order[0])
		s.order = s.order[1:]
	}
	return true
}

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil || os.Getenv("WEBHOOK_SECRET") == "" {
		log.Fatal("set WEBHOOK_SECRET to the webhook's secret")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	known := seen{ids: map[string]bool{}}
	work := make(chan job, 1024)
	go func() {
		for job := range work {
			// The work goes here, after the answer.
			fmt.Println(job.event.Event, job.id, job.event.ResourceID,
				job.event.Timestamp.Format(time.RFC3339Nano), string(job.event.Data))
		}
	}()

	http.HandleFunc("/webhook", func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodPost {
			response.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, bodyBytesMax))
		if err != nil {
			response.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		// Over the bytes as they came, before any parsing.
		if err := webhook.Verify(body, request.Header); err != nil {
			log.Print("refused: ", err)
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		var received event
		if err := json.Unmarshal(body, &received); err != nil {
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		if id := request.Header.Get("webhook-id"); known.firstTime(id) {
			work <- job{id, received}
		}
		response.WriteHeader(http.StatusNoContent)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/webhook\n", listener.Addr())
	server := http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	log.Fatal(server.Serve(listener))
}
