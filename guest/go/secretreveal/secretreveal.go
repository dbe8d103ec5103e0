// Package secretreveal has secrets in the open.
//
//	password, err := secret.Get("database/password", nil)
//	if err != nil {
//		return err
//	}
//	defer password.Close()
//	value, err := secretreveal.Reveal(password)
//
// The manifest grants it with [secret] reveal.
package secretreveal

import (
	"github.com/satama/satama/guest/go/internal/host"
	"github.com/satama/satama/guest/go/internal/secrets"
	types "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_secret_reveal"
	"github.com/satama/satama/guest/go/secret"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Reveal is the value. Recorded before it is given; one that the manifest does not let this tenant
// reveal is recorded as well, and is satama.ErrAccessDenied. Safe to retry.
func Reveal(secret *secret.Secret) ([]byte, error) {
	return host.Result(func() witTypes.Result[[]byte, types.Error] {
		return wit.Reveal(secrets.Wit(secret))
	}, secrets.Failed)
}
