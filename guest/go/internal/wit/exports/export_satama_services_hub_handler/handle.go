// Package export_satama_services_hub_handler is what the generated export of hub-handler calls.
package export_satama_services_hub_handler

import "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_hub_handler"

// Handle is set by package hub.
var Handle = func(satama_services_hub_handler.Event) {
	panic("satama: the component listens, and hub.Handle was not called")
}
