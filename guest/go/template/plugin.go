// Package plugin greets, and counts whom it greeted how often. And it has a workflow that welcomes
// somebody.
package plugin

import (
	"fmt"
	"time"
	"unicode/utf8"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/cache"
	"github.com/satama/satama/guest/go/workflow"
)

func init() {
	workflow.Register("welcome", welcome)
	workflow.RegisterFunction("send", send)
}

// Greet is the function greet of wit/world.wit.
func Greet(name string) satama.Outcome[string] {
	return satama.Result(greet(name))
}

func greet(name string) (string, error) {
	bucket, err := cache.Open("greetings")
	if err != nil {
		return "", err
	}
	defer bucket.Close()
	times, err := bucket.Add(name, 1, cache.TTL(24*time.Hour))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Hello, %s! Greeted so far: %d", name, times), nil
}

// welcome is called from its start whenever the run goes on: what was recorded it is given back.
func welcome(name string) (int, error) {
	text, err := workflow.Step("compose", func(workflow.Attempt) (string, error) {
		return fmt.Sprintf("Welcome, %s!", name), nil
	})
	if err != nil {
		return 0, err
	}
	if err := workflow.Sleep(time.Second); err != nil {
		return 0, err
	}
	return workflow.Call[int]("send", text, workflow.Retries(5))
}

// send runs in an instance of its own, on any host, again if it fails.
func send(text string) (int, error) {
	fmt.Println(text)
	return utf8.RuneCountInString(text), nil
}
