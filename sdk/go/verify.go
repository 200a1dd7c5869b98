package postrider

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Why Verify refuses: answer 401.
var (
	ErrMissingHeader = errors.New("a webhook header is missing")
	ErrBadTimestamp  = errors.New("webhook-timestamp is no number of seconds")
	ErrTooOld        = errors.New("webhook-timestamp is too old: it may be a recorded request")
	ErrTooNew        = errors.New("webhook-timestamp is in the future: is the clock right?")
	ErrNoMatch       = errors.New("no signature matches: the secret is another one, or the body is not as it was sent")
	ErrNotAnEvent    = errors.New("it is signed, but it is not an event")
	ErrBadSecret     = errors.New("a secret is whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32")
)

// Tolerance is how far webhook-timestamp may be from now.
const Tolerance = 5 * time.Minute

// Event is what arrives. DataOf(event) gives its data as the type of a built-in event.
type Event struct {
	ID         string          `json:"-"` // webhook-id: drop what was seen before
	Event      string          `json:"event"`
	Timestamp  time.Time       `json:"timestamp"`
	ResourceID string          `json:"resource_id"`
	Data       json.RawMessage `json:"data"`
}

// Verify verifies a webhook and gives its event. body is the bytes as they came; secrets are whsec_… (v1) or whpk_… (v1a), one
// or several: during a rotation any may match.
func Verify(body []byte, header http.Header, secrets ...string) (Event, error) {
	return VerifyAt(time.Now(), body, header, secrets...)
}

// VerifyAt is Verify at another time than now.
func VerifyAt(now time.Time, body []byte, header http.Header, secrets ...string) (Event, error) {
	id, err := VerifyBody(now, body, header, secrets...)
	if err != nil {
		return Event{}, err
	}
	event := Event{ID: id}
	if err := json.Unmarshal(body, &event); err != nil {
		return Event{}, ErrNotAnEvent
	}
	return event, nil
}

// VerifyBody verifies what a webhook of another format than postrider sends, and gives its id.
func VerifyBody(now time.Time, body []byte, header http.Header, secrets ...string) (string, error) {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	signatures := header.Get("webhook-signature")
	if id == "" || timestamp == "" || signatures == "" {
		return "", ErrMissingHeader
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || seconds < 0 {
		return "", ErrBadTimestamp
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance {
		return "", ErrTooOld
	} else if age < -Tolerance {
		return "", ErrTooNew
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	for _, secret := range secrets {
		matches, err := matches(secret, signed, strings.Split(signatures, " "))
		if err != nil {
			return "", err
		}
		if matches {
			return id, nil
		}
	}
	return "", ErrNoMatch
}

func matches(secret string, signed []byte, signatures []string) (bool, error) {
	text, isPublic := strings.CutPrefix(secret, "whpk_")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || (isPublic && len(key) != ed25519.PublicKeySize) || (!isPublic && (len(key) < 24 || len(key) > 64)) {
		return false, ErrBadSecret
	}
	scheme := "v1,"
	if isPublic {
		scheme = "v1a,"
	}
	for _, entry := range signatures {
		encoded, ok := strings.CutPrefix(entry, scheme)
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		if isPublic {
			ok = ed25519.Verify(key, signed, signature)
		} else {
			mac := hmac.New(sha256.New, key)
			mac.Write(signed)
			ok = hmac.Equal(mac.Sum(nil), signature)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// DataOf gives the data of an event as one of the types of events.go, or one of the caller's.
func DataOf[Data any](event Event) (Data, error) {
	var data Data
	err := json.Unmarshal(event.Data, &data)
	return data, err
}
