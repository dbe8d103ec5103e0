// Package language is the program of tests/languages, in Go. What it says is written as README.md
// there has it.
package language

import (
	"github.com/satama/satama/guest/go/hub"
	"github.com/satama/satama/guest/go/workflow"
)

var parts = map[string]func(*lines){
	"cache":         cacheAll,
	"cache-limits":  cacheLimits,
	"session":       sessionAll,
	"channel":       channelAll,
	"hub":           hubAll,
	"say":           say,
	"heard":         heard,
	"pages":         pages,
	"secret":        secretAll,
	"secret-use":    secretUseAll,
	"credential":    credentialAll,
	"run":           runAll,
	"workflow":      outside,
	"handles":       handles,
	"calls":         calls,
	"unavailable":   unavailable,
	"undecryptable": undecryptable,
}

func init() {
	hub.Handle(hears)
	workflow.Register("story", story)
	workflow.Register("undone", undone)
	workflow.Register("waits", waitsForPeople)
	workflow.Register("counts", counts)
	workflow.Register("cancelled", cancelled)
	workflow.Register("echo", echo)
	workflow.Register("insists", insists)
	workflow.RegisterFunction("double", double)
	workflow.RegisterFunctionWith("third-time", thirdTime)
	workflow.RegisterFunction("refuse", refuse)
	workflow.RegisterFunctionWith("facts", facts)
	workflow.RegisterFunction("insist", insist)
}

// Transcript goes through one part, and says what it met, line by line.
func Transcript(part string) []string {
	var t lines
	if all, ok := parts[part]; ok {
		all(&t)
	} else {
		t.say("unknown part", part, nil)
	}
	return t
}
