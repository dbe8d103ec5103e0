package workflow

import (
	"errors"
	"fmt"

	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/failures"
	"github.com/satama/satama/guest/go/internal/host"
	functions "github.com/satama/satama/guest/go/internal/wit/exports/export_satama_services_function_handler"
	workflows "github.com/satama/satama/guest/go/internal/wit/exports/export_satama_services_workflow_handler"
	_ "github.com/satama/satama/guest/go/internal/wit/exports/wit_exports" // the exports themselves
	functionHandler "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_function_handler"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	handler "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow_handler"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Context is for which step a function is called.
type Context struct {
	// Run is the run's id.
	Run      string
	Workflow string
	// Step is the step's name.
	Step string
	// Attempt is which attempt it is.
	Attempt Attempt
	// User is who the run is for, if that is known.
	User *string
}

var (
	bodies      = map[string]func(input string) (string, error){}
	functionsBy = map[string]func(input string, context Context) (string, error){}
)

func init() {
	workflows.Run = run
	functions.Call = call
}

// Register has a body called for the runs of a workflow. Called in an init function, by a component
// whose world exports satama:services/workflow-handler@0.1.0 and whose manifest names it.
//
// The argument is read from the run's input, the output is written as JSON. A run whose input
// cannot be read fails as invalid-input, one of another name as unknown-workflow. Panics if there is
// one of this name.
func Register[I, O any](name string, body func(I) (O, error)) {
	if _, ok := bodies[name]; ok {
		panic(fmt.Sprintf("satama: there are two workflows called %q", name))
	}
	bodies[name] = func(json string) (string, error) {
		value, err := argument[I](json)
		if err != nil {
			return "", err
		}
		result, err := body(value)
		if err != nil {
			return "", err
		}
		return input(result)
	}
}

// RegisterFunction has a function called as a step of workflows. Called in an init function, by a
// component whose world exports satama:services/function-handler@0.1.0 and whose manifest names it.
//
// An input that cannot be read fails as invalid-input, another name as unknown-function, and
// neither is tried again. Panics if there is one of this name.
func RegisterFunction[I, O any](name string, function func(I) (O, error)) {
	RegisterFunctionWith(name, func(value I, _ Context) (O, error) { return function(value) })
}

// RegisterFunctionWith is [RegisterFunction] of a function that wants to know for which step it is
// called.
func RegisterFunctionWith[I, O any](name string, function func(I, Context) (O, error)) {
	if _, ok := functionsBy[name]; ok {
		panic(fmt.Sprintf("satama: there are two functions called %q", name))
	}
	functionsBy[name] = func(json string, context Context) (string, error) {
		value, err := argument[I](json)
		if err != nil {
			return "", err
		}
		result, err := function(value, context)
		if err != nil {
			return "", err
		}
		return input(result)
	}
}

func argument[I any](json string) (I, error) {
	value, err := codec.Decode[I](json)
	if err != nil {
		return value, Fatal("invalid-input", err.Error())
	}
	return value, nil
}

// run runs a body to its end.
func run(workflow, json string) handler.Ending {
	body, ok := bodies[workflow]
	if !ok {
		message := fmt.Sprintf("there is no workflow %q here", workflow)
		return ended(Fatal("unknown-workflow", message))
	}
	defer forgetAsked()
	result, err := body(json)
	if next, ok := errors.AsType[*continued](err); ok {
		var again string
		if again, err = input(next.input); err == nil {
			return handler.MakeEndingContinued(again)
		}
	}
	if err != nil {
		return ended(err)
	}
	return handler.MakeEndingCompleted(result)
}

// ended is the end of a body that came to no result.
func ended(err error) handler.Ending {
	failure := FailureOf(err)
	// Also the failure of a child that was cancelled with this run, before this was told. If nobody
	// cancelled this run, the host makes it a failure again.
	if failure.Code == string(ErrCancelled) {
		return handler.MakeEndingCancelled()
	}
	return handler.MakeEndingFailed(failures.Wit(failure))
}

// call calls a function.
func call(
	name, json string, context functionHandler.Context,
) witTypes.Result[string, wit.Failure] {
	function, ok := functionsBy[name]
	if !ok {
		message := fmt.Sprintf("there is no function %q here", name)
		return witTypes.Err[string](failures.Wit(Fatal("unknown-function", message)))
	}
	result, err := function(json, Context{
		Run:      context.Run,
		Workflow: context.Workflow,
		Step:     context.Step,
		Attempt:  Attempt(context.Attempt),
		User:     host.Pointer(context.User),
	})
	if err != nil {
		return witTypes.Err[string](failures.Wit(FailureOf(err)))
	}
	return witTypes.Ok[string, wit.Failure](result)
}
