// Package secret has values that a tenant keeps secret: encrypted in the store, granted by name.
//
// A [Secret] is a handle, which says nothing of the value. What may be done with it is in packages
// secretuse, which computes with the value inside the host, and secretreveal, which hands it to the
// component; each is granted apart.
//
//	key, err := secret.Get("webhooks/acme", nil)
//	if err != nil {
//		return err
//	}
//	defer key.Close()
//	mac, err := secretuse.HMACSHA256(key, []byte("what is sent"))
//
// Each Put makes a new version, greater than all before it; a version is never changed. A handle is
// of one version and stays so. Every Get, Put and Delete is recorded in the store.
//
// A name is 1 to 128 of the characters A-Z a-z 0-9 . _ - /, a value at most 64 KiB, which a
// manifest may lower. The manifest says how many versions are kept, 10 unless it does. The handles
// of one instance hold at most 8 MiB of values together. The manifest grants secrets with [secret]
// read, write and reveal.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied, satama.ErrNotFound, satama.ErrInvalidName,
// satama.ErrTooLarge, satama.ErrUndecryptable, satama.ErrNotAuthentic of secretuse.Unseal,
// satama.ErrQuotaExceeded and satama.ErrUnavailable.
package secret

import (
	"iter"

	"github.com/satama/satama/guest/go/internal/host"
	"github.com/satama/satama/guest/go/internal/secrets"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Secret is one version of a secret, held by the host.
type Secret = secrets.Secret

// Metadata is what is known of a secret but for its value.
type Metadata = secrets.Metadata

// Page are names, in the order of their bytes.
type Page = secrets.Page

// Get is the newest version of secret name, or the version that is asked for. Safe to retry.
func Get(name string, version *uint64) (*Secret, error) {
	secret, err := host.Result(func() witTypes.Result[*wit.Secret, wit.Error] {
		return wit.Get(name, host.Option(version))
	}, secrets.Failed)
	return secrets.Of(secret), err
}

// GetMany are the newest versions of at most 64 secrets, in the order of names; nil for those that
// Get would not find. One that does not open fails them all. Safe to retry.
func GetMany(names []string) ([]*Secret, error) {
	found, err := host.Result(func() witTypes.Result[[]witTypes.Option[*wit.Secret], wit.Error] {
		return wit.GetMany(names)
	}, secrets.Failed)
	if err != nil {
		return nil, err
	}
	return host.Map(found, func(secret witTypes.Option[*wit.Secret]) *Secret {
		return secrets.Of(secret.SomeOr(nil))
	}), nil
}

// Exists says whether Get would find it. Not recorded. Safe to retry.
func Exists(name string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return wit.Exists(name)
	}, secrets.Failed)
}

// Describe is what is known of secret name. Not recorded. Safe to retry.
func Describe(name string) (Metadata, error) {
	metadata, err := host.Result(func() witTypes.Result[wit.Metadata, wit.Error] {
		return wit.Describe(name)
	}, secrets.Failed)
	return secrets.MetadataOf(metadata), err
}

// Put makes value the newest version of secret name, and returns that version: below 2^53, greater
// than all that the secret had. A missing secret is created. Retried after satama.ErrUnavailable,
// it may make two versions of one value.
func Put(name string, value []byte) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return wit.Put(name, value)
	}, secrets.Failed)
}

// Delete forgets secret name, with all its versions. True if there was one. Safe to retry.
func Delete(name string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return wit.Delete(name)
	}, secrets.Failed)
}

// Names are the secrets that this tenant may read, at most limit of them (1,000), from after the
// place after. Not recorded. A page may be short, or empty, and still have a next; with a limit of
// zero it is empty and has none. Safe to retry.
func Names(after *string, limit uint32) (Page, error) {
	page, err := host.Result(func() witTypes.Result[wit.Page, wit.Error] {
		return wit.Names(host.Option(after), limit)
	}, secrets.Failed)
	return secrets.PageOf(page), err
}

// AllNames are the names of all secrets that this tenant may read, in the order of their bytes.
// Ends with the first error.
func AllNames() iter.Seq2[string, error] {
	return secrets.All(Names)
}
