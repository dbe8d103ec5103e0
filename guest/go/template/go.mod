module {{name}}

go 1.27.1

require (
	github.com/satama/satama/guest/go v0.1.0
	go.bytecodealliance.org/pkg v0.4.0
)

replace github.com/satama/satama/guest/go => ./satama

replace go.bytecodealliance.org/pkg => ./satama/wit-runtime
