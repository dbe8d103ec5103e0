// The last part is the component's name. The first keeps it apart from Go's own packages.
module local/{{name}}

go 1.27.1

require (
	github.com/satama/satama/guest/go v0.1.0
	go.bytecodealliance.org/pkg v0.4.0
)

replace github.com/satama/satama/guest/go => ./satama

replace go.bytecodealliance.org/pkg => ./satama/wit-runtime
