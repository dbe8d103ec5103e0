package workflow

import (
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// api is what of the host this package calls. As methods, so that the linker leaves out what is not
// called.
type api struct{}

var calls api

func (api) info() witTypes.Result[wit.Facts, wit.Error] {
	return wit.Info()
}

func (api) nowMs() witTypes.Result[uint64, wit.Error] {
	return wit.NowMs()
}

func (api) random() witTypes.Result[uint64, wit.Error] {
	return wit.Random()
}

func (api) uuid() witTypes.Result[string, wit.Error] {
	return wit.Uuid()
}

func (api) begin(name string, options wit.StepOptions) witTypes.Result[wit.Begun, wit.Error] {
	return wit.Begin(name, options)
}

func (api) finish(
	end witTypes.Result[string, wit.Failure],
) witTypes.Result[wit.Verdict, wit.Error] {
	return wit.Finish(end)
}

func (api) spawn(
	name, function, input string, options wit.StepOptions,
) witTypes.Result[uint32, wit.Error] {
	return wit.Spawn(name, function, input, options)
}

func (api) child(
	name, workflow, input string, options wit.ChildOptions,
) witTypes.Result[uint32, wit.Error] {
	return wit.Child(name, workflow, input, options)
}

func (api) timer(name string, durationMs uint64) witTypes.Result[uint32, wit.Error] {
	return wit.Timer(name, durationMs)
}

func (api) timerAt(name string, atMs uint64) witTypes.Result[uint32, wit.Error] {
	return wit.TimerAt(name, atMs)
}

func (api) signal(name string) witTypes.Result[uint32, wit.Error] {
	return wit.Signal(name)
}

func (api) approval(
	name, data string, expiresMs witTypes.Option[uint64],
) witTypes.Result[uint32, wit.Error] {
	return wit.Approval(name, data, expiresMs)
}

func (api) wait(ticket uint32) witTypes.Result[wit.Outcome, wit.Error] {
	return wit.Wait(ticket)
}

func (api) waitAny(tickets []uint32) witTypes.Result[uint32, wit.Error] {
	return wit.WaitAny(tickets)
}

func (api) waitAll(tickets []uint32) witTypes.Result[witTypes.Unit, wit.Error] {
	return wit.WaitAll(tickets)
}

func (api) forget(tickets []uint32) witTypes.Result[witTypes.Unit, wit.Error] {
	return wit.Forget(tickets)
}

func (api) suspend(reason string) witTypes.Result[witTypes.Unit, wit.Error] {
	return wit.Suspend(reason)
}

func (api) setState(name, value string) witTypes.Result[witTypes.Unit, wit.Error] {
	return wit.SetState(name, value)
}

func (api) getState(name string) witTypes.Result[witTypes.Option[string], wit.Error] {
	return wit.GetState(name)
}
