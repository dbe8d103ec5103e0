// Package export_satama_services_workflow_handler is what the generated export of
// workflow-handler calls.
package export_satama_services_workflow_handler

import "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow_handler"

// Run is set by package workflow.
var Run func(workflow, input string) satama_services_workflow_handler.Ending
