//go:build !wasm

package workflow

import (
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// api is what of the host this package calls. Tests have one of their own; without, there is none.
type api struct {
	info     func() witTypes.Result[wit.Facts, wit.Error]
	nowMs    func() witTypes.Result[uint64, wit.Error]
	random   func() witTypes.Result[uint64, wit.Error]
	uuid     func() witTypes.Result[string, wit.Error]
	begin    func(name string, options wit.StepOptions) witTypes.Result[wit.Begun, wit.Error]
	finish   func(end witTypes.Result[string, wit.Failure]) witTypes.Result[wit.Verdict, wit.Error]
	spawn    func(name, function, input string, options wit.StepOptions) witTypes.Result[uint32, wit.Error]
	child    func(name, workflow, input string, options wit.ChildOptions) witTypes.Result[uint32, wit.Error]
	timer    func(name string, durationMs uint64) witTypes.Result[uint32, wit.Error]
	timerAt  func(name string, atMs uint64) witTypes.Result[uint32, wit.Error]
	signal   func(name string) witTypes.Result[uint32, wit.Error]
	approval func(name, data string, expiresMs witTypes.Option[uint64]) witTypes.Result[uint32, wit.Error]
	wait     func(ticket uint32) witTypes.Result[wit.Outcome, wit.Error]
	waitAny  func(tickets []uint32) witTypes.Result[uint32, wit.Error]
	waitAll  func(tickets []uint32) witTypes.Result[witTypes.Unit, wit.Error]
	forget   func(tickets []uint32) witTypes.Result[witTypes.Unit, wit.Error]
	suspend  func(reason string) witTypes.Result[witTypes.Unit, wit.Error]
	setState func(name, value string) witTypes.Result[witTypes.Unit, wit.Error]
	getState func(name string) witTypes.Result[witTypes.Option[string], wit.Error]
}

var calls = api{
	info:     wit.Info,
	nowMs:    wit.NowMs,
	random:   wit.Random,
	uuid:     wit.Uuid,
	begin:    wit.Begin,
	finish:   wit.Finish,
	spawn:    wit.Spawn,
	child:    wit.Child,
	timer:    wit.Timer,
	timerAt:  wit.TimerAt,
	signal:   wit.Signal,
	approval: wit.Approval,
	wait:     wit.Wait,
	waitAny:  wit.WaitAny,
	waitAll:  wit.WaitAll,
	forget:   wit.Forget,
	suspend:  wit.Suspend,
	setState: wit.SetState,
	getState: wit.GetState,
}
