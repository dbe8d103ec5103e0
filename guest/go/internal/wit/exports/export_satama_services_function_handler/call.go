// Package export_satama_services_function_handler is what the generated export of
// function-handler calls.
package export_satama_services_function_handler

import (
	"github.com/satama/satama/guest/go/internal/wit/imports/satama_services_function_handler"
	"github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Call is set by package workflow.
var Call func(
	function, input string, context satama_services_function_handler.Context,
) witTypes.Result[string, satama_services_workflow.Failure]
