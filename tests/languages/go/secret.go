package language

import (
	"bytes"
	"fmt"
	"iter"
	"slices"

	"github.com/satama/satama/guest/go/credential"
	"github.com/satama/satama/guest/go/secret"
	"github.com/satama/satama/guest/go/secretreveal"
	"github.com/satama/satama/guest/go/secretuse"
)

const (
	user = "ann-ä€😀"
	mail = "granted/open/mail"
)

// found says whether a handle was given, and closes it.
func found(t *lines, what string) func(handle *secret.Secret, err error) {
	return func(handle *secret.Secret, err error) {
		if handle != nil {
			handle.Close()
		}
		t.say(what, ok{}, err)
	}
}

// reveal says the value of a secret.
func reveal(t *lines, what string) func(handle *secret.Secret, err error) {
	return func(handle *secret.Secret, err error) {
		var value []byte
		if err == nil {
			defer handle.Close()
			value, err = secretreveal.Reveal(handle)
		}
		t.say(what, value, err)
	}
}

func describe(t *lines, what string) func(metadata secret.Metadata, err error) {
	return func(metadata secret.Metadata, err error) {
		count := len(metadata.Versions)
		known := metadata.Created.UnixMilli() > 0 && !metadata.Updated.Before(metadata.Created)
		newest := count > 0 && metadata.Versions[count-1] == metadata.Version
		newest = newest && slices.IsSorted(metadata.Versions)
		t.say(what, plain(fmt.Sprintf("%d versions %t %t", count, newest, known)), err)
	}
}

func namesPage(t *lines, what string) func(page secret.Page, err error) {
	return func(page secret.Page, err error) {
		next := " end"
		if page.Next != nil {
			next = " more"
		}
		t.say(what, plain(show(page.Names)+next), err)
	}
}

// every says all names of a list.
func every(t *lines, what string, names iter.Seq2[string, error]) {
	all := []string{}
	for name, err := range names {
		if err != nil {
			t.say(what, nil, err)
			return
		}
		all = append(all, name)
	}
	t.say(what, all, nil)
}

// flag says a boolean.
func flag(t *lines, what string) func(value bool, err error) {
	return func(value bool, err error) { t.say(what, value, err) }
}

// worked says only whether it worked.
func worked[T any](t *lines, what string) func(value T, err error) {
	return func(_ T, err error) { t.say(what, ok{}, err) }
}

func secretAll(t *lines) {
	secretValues(t)
	secretVersions(t)
	secretLists(t)
	secretRefusals(t)
}

func secretValues(t *lines) {
	found(t, "get missing")(secret.Get("granted/a", nil))
	flag(t, "exists")(secret.Exists("granted/a"))
	version, err := secret.Put("granted/open/a", []byte("salasana-ä€😀"))
	t.say("put", version > 0, err)
	handle, err := secret.Get("granted/open/a", nil)
	t.say("version", err == nil && handle.Version() == version, nil)
	reveal(t, "reveal")(handle, err)
	flag(t, "exists")(secret.Exists("granted/open/a"))
	describe(t, "describe")(secret.Describe("granted/open/a"))
	worked[uint64](t, "put empty")(secret.Put("granted/open/empty", nil))
	reveal(t, "reveal it")(secret.Get("granted/open/empty", nil))
	worked[uint64](t, "put another")(secret.Put("granted/b", []byte("b")))
	reveal(t, "reveal it")(secret.Get("granted/b", nil))
	names := []string{"granted/open/a", "granted/none", "granted/b", "other"}
	handles, err := secret.GetMany(names)
	t.say("get many", plain(list(handles, func(handle *secret.Secret) string {
		if handle != nil {
			handle.Close()
		}
		return show(handle != nil)
	})), err)
}

func secretVersions(t *lines) {
	versions := []uint64{}
	for _, value := range []string{"1", "22", "333", "4444"} {
		versions = append(versions, must(secret.Put("granted/open/v", []byte(value))))
	}
	t.say("versions grow", slices.IsSorted(versions) && versions[0] > 0, nil)
	describe(t, "describe")(secret.Describe("granted/open/v"))
	reveal(t, "newest")(secret.Get("granted/open/v", nil))
	reveal(t, "an older one")(secret.Get("granted/open/v", &versions[1]))
	reveal(t, "one that is forgotten")(secret.Get("granted/open/v", &versions[0]))
	for _, version := range []uint64{0, 1<<53 + 2, 1 << 63} {
		reveal(t, "one that never was")(secret.Get("granted/open/v", &version))
	}
}

func secretLists(t *lines) {
	namesPage(t, "names")(secret.Names(nil, 1000))
	namesPage(t, "names after")(secret.Names(new("granted/open/a"), 1000))
	namesPage(t, "a page of none")(secret.Names(nil, 0))
	every(t, "all names", secret.AllNames())
	namesPage(t, "larger page")(secret.Names(nil, 1001))
	for _, name := range []string{"granted/b", "granted/open/empty", "granted/open/v"} {
		flag(t, "delete")(secret.Delete(name))
	}
	flag(t, "delete again")(secret.Delete("granted/b"))
	describe(t, "describe")(secret.Describe("granted/b"))
}

func secretRefusals(t *lines) {
	put := worked[uint64]
	found(t, "get what may not be read")(secret.Get("write-only", nil))
	put(t, "put what may not be written")(secret.Put("read-only", []byte("x")))
	flag(t, "delete what may not be written")(secret.Delete("read-only"))
	found(t, "read what may be read")(secret.Get("read-only", nil))
	reveal(t, "reveal what may not be revealed")(secret.Get("read-only", nil))
	put(t, "a bad name")(secret.Put("granted/ä", []byte("x")))
	put(t, "the empty name")(secret.Put("", []byte("x")))
	found(t, "get of a bad name")(secret.Get("granted/ä", nil))
	put(t, "largest value")(secret.Put("granted/l", make([]byte, 65_536)))
	put(t, "larger value")(secret.Put("granted/l", make([]byte, 65_537)))
	names := slices.Repeat([]string{"granted/l"}, 65)
	handles, err := secret.GetMany(names[:64])
	t.say("most at a time", len(handles), err)
	for _, handle := range handles {
		handle.Close()
	}
	handles, err = secret.GetMany(names)
	t.say("more at a time", len(handles), err)
	flag(t, "delete")(secret.Delete("granted/l"))
}

// secretUseAll has secrets as keys.
func secretUseAll(t *lines) {
	worked[uint64](t, "put")(secret.Put("granted/key", bytes.Repeat([]byte{7}, 32)))
	key := must(secret.Get("granted/key", nil))
	defer key.Close()
	said := func(what string) func(value []byte, err error) {
		return func(value []byte, err error) { t.say(what, value, err) }
	}
	data, ann := []byte("data"), []byte("for ann")
	said("hmac")(secretuse.HMACSHA256(key, []byte("ä€😀")))
	said("hmac of nothing")(secretuse.HMACSHA256(key, nil))
	mac := must(secretuse.HMACSHA256(key, data))
	flag(t, "verify")(secretuse.VerifyHMACSHA256(key, data, mac))
	flag(t, "verify another")(secretuse.VerifyHMACSHA256(key, []byte("dat\x00"), mac))
	flag(t, "verify a short one")(secretuse.VerifyHMACSHA256(key, data, mac[:31]))
	sealed := must(secretuse.Seal(key, data, ann))
	t.say("seal", len(sealed), nil)
	said("unseal")(secretuse.Unseal(key, sealed, ann))
	said("unseal for another")(secretuse.Unseal(key, sealed, []byte("for bob")))
	said("unseal nothing")(secretuse.Unseal(key, nil, nil))
	again := must(secretuse.Seal(key, data, ann))
	t.say("another each time", !bytes.Equal(again, sealed), nil)
	largest := bytes.Repeat([]byte{1}, 1<<20)
	larger := bytes.Repeat([]byte{1}, 1<<20+1)
	said("largest data")(secretuse.HMACSHA256(key, largest))
	said("larger data")(secretuse.HMACSHA256(key, larger))
	sealed, err := secretuse.Seal(key, largest, largest)
	t.say("seal the largest", len(sealed), err)
	said("unseal it")(secretuse.Unseal(key, sealed, largest))
	said("seal larger data")(secretuse.Seal(key, larger, nil))
	said("seal for larger data")(secretuse.Seal(key, nil, larger))
	flag(t, "verify larger data")(secretuse.VerifyHMACSHA256(key, larger, mac))
	flag(t, "delete")(secret.Delete("granted/key"))
}

func credentialAll(t *lines) {
	put := worked[uint64]
	found(t, "get missing")(credential.Get(mail, user, nil))
	flag(t, "exists")(credential.Exists(mail, user))
	version, err := credential.Put(mail, user, []byte("token"))
	t.say("put", version > 0, err)
	reveal(t, "reveal")(credential.Get(mail, user, nil))
	reveal(t, "reveal the version")(credential.Get(mail, user, &version))
	found(t, "of another user")(credential.Get(mail, "", nil))
	flag(t, "exists")(credential.Exists(mail, user))
	describe(t, "describe")(credential.Describe(mail, user))
	put(t, "put for the empty user")(credential.Put(mail, "", nil))
	put(t, "put another")(credential.Put("granted/b", user, []byte("b")))
	reveal(t, "reveal it")(credential.Get("granted/b", user, nil))
	namesPage(t, "of user")(credential.OfUser(user, nil, 1000))
	namesPage(t, "of user, after")(credential.OfUser(user, new("granted/b"), 1000))
	every(t, "all of user", credential.AllOfUser(user))
	namesPage(t, "users")(credential.Users(mail, nil, 1000))
	every(t, "all users", credential.AllUsers(mail))
	namesPage(t, "users of what may not be read")(credential.Users("write-only", nil, 1000))
	namesPage(t, "larger page")(credential.OfUser(user, nil, 1001))
	namesPage(t, "larger page of users")(credential.Users("granted/b", nil, 1001))
	longest := bytes.Repeat([]byte("u"), 256)
	flag(t, "longest user")(credential.Exists("granted/b", string(longest[:255])))
	flag(t, "longer user")(credential.Exists("granted/b", string(longest)))
	found(t, "get what may not be read")(credential.Get("write-only", user, nil))
	put(t, "put what may not be written")(credential.Put("read-only", user, []byte("x")))
	put(t, "a bad name")(credential.Put("granted/ä", user, []byte("x")))
	put(t, "larger value")(credential.Put("granted/b", user, make([]byte, 65_537)))
	flag(t, "delete")(credential.Delete(mail, user))
	flag(t, "delete again")(credential.Delete(mail, user))
	flag(t, "delete")(credential.Delete(mail, ""))
	flag(t, "delete")(credential.Delete("granted/b", user))
	namesPage(t, "of user")(credential.OfUser(user, nil, 1000))
}

// undecryptable is a secret that no key of this host opens.
func undecryptable(t *lines) {
	known := "granted/open/known"
	found(t, "get")(secret.Get(known, nil))
	worked[[]*secret.Secret](t, "get many")(secret.GetMany([]string{known}))
	flag(t, "exists")(secret.Exists(known))
	describe(t, "describe")(secret.Describe(known))
	found(t, "get a credential")(credential.Get(known, "ann", nil))
}
