package hub

import (
	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/host"
	export "github.com/satama/satama/guest/go/internal/wit/exports/export_satama_services_hub_handler"
	_ "github.com/satama/satama/guest/go/internal/wit/exports/wit_exports" // the export itself
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_hub_handler"
)

// Event is a message that a component listens to.
type Event struct {
	// Hub is what it was published to.
	Hub string
	// Topic is its topic.
	Topic string
	// Message is what was published.
	Message satama.Message
	// Position is where it is in the topic's history, if it is kept.
	Position *string
	// Missed says that messages before this one may have been lost to this host: it had lost its
	// store, or the component was too slow.
	Missed bool
}

// Handle has handle called with each message of the topics that the manifest names under
// [[hub.listen]], one at a time. Called once, in an init function, by a component whose world
// exports satama:services/hub-handler@0.1.0. A panic is logged, and the next message comes to a new
// instance.
func Handle(handle func(Event)) {
	export.Handle = func(event wit.Event) {
		handle(Event{
			Hub:      event.Hub,
			Topic:    event.Topic,
			Message:  host.FromMessage(event.Message),
			Position: host.Pointer(event.Position),
			Missed:   event.Missed,
		})
	}
}
