// Command generate makes of what wit-bindgen 0.63 has generated the bindings in internal/wit. In
// the folder of this module:
//
//	wit-bindgen go ../../wit --world all --pkg-name github.com/satama/satama/guest/go/internal/wit \
//	    --out-dir internal/wit
//	go run ./internal/generate internal/wit
//
// Handles that are collected are dropped with the next call, as wit-runtime has it. Imports are
// declared in a file of their own, so that what calls them can be linked natively, for tests.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"regexp"
)

var (
	collected = regexp.MustCompile(`\t\thandleValue := handle\.TakeOrNil\(\)
		if handleValue != 0 \{
			resourceDrop(\w+)\(handleValue\)
		\}
`)
	imported = regexp.MustCompile(`//go:wasmimport .*\n(func \w+\(.*\).*)\n\n?`)
	clause   = regexp.MustCompile(`(?m)^package \w+\n`)
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: generate DIR")
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "imports", "*", "wit_bindings.go"))
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range files {
		if err := split(file); err != nil {
			log.Fatal(err)
		}
	}
}

// split moves the imports of a file elsewhere.
func split(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text = collected.ReplaceAll(text, []byte("\t\twitRuntime.DropLater(handle, resourceDrop$1)\n"))
	head := text[:clause.FindIndex(text)[1]]
	wasm := bytes.Clone(head)
	native := append([]byte("//go:build !wasm\n\n"), head...)
	for _, found := range imported.FindAllSubmatch(text, -1) {
		wasm = append(append(wasm, '\n'), bytes.TrimRight(found[0], "\n")...)
		wasm = append(wasm, '\n')
		native = append(append(native, '\n'), found[1]...)
		native = append(native, " { panic(\"satama: this is not a component\") }\n"...)
	}
	folder := filepath.Dir(file)
	if err := os.Remove(filepath.Join(folder, "empty.s")); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(file, imported.ReplaceAll(text, nil), 0o666); err != nil {
		return err
	}
	if len(wasm) == len(head) {
		return nil
	}
	if err := os.WriteFile(filepath.Join(folder, "wit_imports_wasm.go"), wasm, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "wit_imports_native.go"), native, 0o666)
}
