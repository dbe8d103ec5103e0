// Package secrets is what the packages about secrets share.
package secrets

import (
	"iter"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret"
)

// Most names that a page has.
const pageMax = 1_000

// Secret is one version of a secret, held by the host.
type Secret struct {
	wit *wit.Secret
}

// Metadata is what is known of a secret but for its value.
type Metadata struct {
	// Version is the newest: what Get gives.
	Version uint64
	// Created is when its first version was put.
	Created time.Time
	// Updated is when its newest version was put.
	Updated time.Time
	// Versions are those that are kept, the oldest first.
	Versions []uint64
}

// Page are names, in the order of their bytes.
type Page struct {
	Names []string
	// Next is where the next page begins; nil if this was the last.
	Next *string
}

// Version is which version it is.
func (s *Secret) Version() uint64 {
	return host.Call(s.wit.Version)
}

// Close gives the handle back. The secret must not be used after it.
func (s *Secret) Close() {
	s.wit.Drop()
}

// Wit is the handle itself.
func Wit(secret *Secret) *wit.Secret {
	return secret.wit
}

// Of is a handle of the host's, or nil.
func Of(secret *wit.Secret) *Secret {
	if secret == nil {
		return nil
	}
	return &Secret{secret}
}

// MetadataOf is what the host knows of a secret.
func MetadataOf(metadata wit.Metadata) Metadata {
	return Metadata{
		Version:  metadata.Version,
		Created:  host.Time(metadata.CreatedMs),
		Updated:  host.Time(metadata.UpdatedMs),
		Versions: metadata.Versions,
	}
}

// PageOf is a page of the host's.
func PageOf(page wit.Page) Page {
	return Page{Names: page.Names, Next: host.Pointer(page.Next)}
}

// All are all names of a list.
func All(page func(after *string, limit uint32) (Page, error)) iter.Seq2[string, error] {
	return host.All(func(after *string) ([]string, *string, error) {
		names, err := page(after, pageMax)
		return names.Names, names.Next, err
	})
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_NotFound:      satama.ErrNotFound,
	wit.Error_InvalidName:   satama.ErrInvalidName,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_Undecryptable: satama.ErrUndecryptable,
	wit.Error_NotAuthentic:  satama.ErrNotAuthentic,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

// Failed is why a call failed.
func Failed(err wit.Error) error {
	failure := &satama.Error{Service: "secret", Code: codes[err.Tag()]}
	if err.Tag() == wit.Error_TooLarge {
		failure.Limit = err.TooLarge()
	}
	return failure
}
