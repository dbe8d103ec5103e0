// Package secretuse has secrets as keys: the host computes with them, and the component never has
// them. Who may read a secret may use it.
//
//	key, err := secret.Get("webhooks/acme", nil)
//	if err != nil {
//		return err
//	}
//	defer key.Close()
//	sealed, err := secretuse.Seal(key, []byte("a token"), []byte("for ann"))
//
// A key is the handle's version: it never changes. Keep the version with what was sealed, and get
// that one to unseal it. Data and associated data are at most 1 MiB each, sealed data 81 bytes
// more. All of it is safe to retry.
package secretuse

import (
	"github.com/satama/satama/guest/go/internal/host"
	"github.com/satama/satama/guest/go/internal/secrets"
	types "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret_use"
	"github.com/satama/satama/guest/go/secret"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// HMACSHA256 is the HMAC-SHA-256 of data (RFC 2104, FIPS 180-4), 32 bytes, with the secret's bytes
// as the key. What webhooks are signed with.
func HMACSHA256(secret *secret.Secret, data []byte) ([]byte, error) {
	return host.Result(func() witTypes.Result[[]byte, types.Error] {
		return wit.HmacSha256(secrets.Wit(secret), data)
	}, secrets.Failed)
}

// VerifyHMACSHA256 says whether mac is the HMAC-SHA-256 of data, compared in a time that does not
// tell how much of it is right.
func VerifyHMACSHA256(secret *secret.Secret, data, mac []byte) (bool, error) {
	return host.Result(func() witTypes.Result[bool, types.Error] {
		return wit.VerifyHmacSha256(secrets.Wit(secret), data, mac)
	}, secrets.Failed)
}

// Seal encrypts data so that only a secret with this value opens it, and only with the same
// associated data, which is not encrypted. The result is 81 bytes longer than data, and another
// each time; the WIT has its format.
func Seal(secret *secret.Secret, data, associated []byte) ([]byte, error) {
	return host.Result(func() witTypes.Result[[]byte, types.Error] {
		return wit.Seal(secrets.Wit(secret), data, associated)
	}, secrets.Failed)
}

// Unseal is what Seal was given, if all of it is as it was; satama.ErrNotAuthentic if not.
func Unseal(secret *secret.Secret, sealed, associated []byte) ([]byte, error) {
	return host.Result(func() witTypes.Result[[]byte, types.Error] {
		return wit.Unseal(secrets.Wit(secret), sealed, associated)
	}, secrets.Failed)
}
