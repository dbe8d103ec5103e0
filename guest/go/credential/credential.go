// Package credential has secrets of a tenant's users: the tokens and passwords that a user has
// entrusted to the tenant. Each is under a name and a user.
//
//	version, err := credential.Put("mail", "ann", token)
//	kept, err := credential.Get("mail", "ann", nil)
//	if err != nil {
//		return err
//	}
//	defer kept.Close()
//	mac, err := secretuse.HMACSHA256(kept, []byte("what is sent"))
//
// They are apart from the tenant's own secrets, also where the names are the same. Otherwise they
// are as those of package secret, errors and limits too. A user is at most 255 bytes of any text.
// The manifest grants credentials with [credential] read, write and reveal.
package credential

import (
	"iter"

	"github.com/satama/satama/guest/go/internal/host"
	"github.com/satama/satama/guest/go/internal/secrets"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_credential"
	types "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret"
	"github.com/satama/satama/guest/go/secret"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Get is the newest version of credential name of user, or the version that is asked for. Safe to
// retry.
func Get(name, user string, version *uint64) (*secret.Secret, error) {
	found, err := host.Result(func() witTypes.Result[*types.Secret, types.Error] {
		return wit.Get(name, user, host.Option(version))
	}, secrets.Failed)
	return secrets.Of(found), err
}

// Exists says whether Get would find it. Not recorded. Safe to retry.
func Exists(name, user string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, types.Error] {
		return wit.Exists(name, user)
	}, secrets.Failed)
}

// Describe is what is known of credential name of user. Not recorded. Safe to retry.
func Describe(name, user string) (secret.Metadata, error) {
	metadata, err := host.Result(func() witTypes.Result[types.Metadata, types.Error] {
		return wit.Describe(name, user)
	}, secrets.Failed)
	return secrets.MetadataOf(metadata), err
}

// Put makes value the newest version of credential name of user, and returns that version: below
// 2^53, greater than all that the credential had. A missing one is created. Retried after
// satama.ErrUnavailable, it may make two versions of one value.
func Put(name, user string, value []byte) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, types.Error] {
		return wit.Put(name, user, value)
	}, secrets.Failed)
}

// Delete forgets credential name of user, with all its versions. True if there was one. Safe to
// retry.
func Delete(name, user string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, types.Error] {
		return wit.Delete(name, user)
	}, secrets.Failed)
}

// OfUser are the names of the credentials of user that this tenant may read, paged as secret.Names.
// Not recorded. Safe to retry.
func OfUser(user string, after *string, limit uint32) (secret.Page, error) {
	page, err := host.Result(func() witTypes.Result[types.Page, types.Error] {
		return wit.OfUser(user, host.Option(after), limit)
	}, secrets.Failed)
	return secrets.PageOf(page), err
}

// Users are the users who have credential name, in the order of their bytes, at most limit of them
// (1,000), from after the place after; none if this tenant may not read it. Not recorded. Safe to
// retry.
func Users(name string, after *string, limit uint32) (secret.Page, error) {
	page, err := host.Result(func() witTypes.Result[types.Page, types.Error] {
		return wit.Users(name, host.Option(after), limit)
	}, secrets.Failed)
	return secrets.PageOf(page), err
}

// AllOfUser are the names of all credentials of user that this tenant may read, in the order of
// their bytes. Ends with the first error.
func AllOfUser(user string) iter.Seq2[string, error] {
	return secrets.All(func(after *string, limit uint32) (secret.Page, error) {
		return OfUser(user, after, limit)
	})
}

// AllUsers are all users who have credential name, in the order of their bytes. Ends with the first
// error.
func AllUsers(name string) iter.Seq2[string, error] {
	return secrets.All(func(after *string, limit uint32) (secret.Page, error) {
		return Users(name, after, limit)
	})
}
