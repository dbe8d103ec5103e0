/* Secrets as keys. */
#include "show.h"

#define MOST ((size_t)1 << 20)

static void hmac(lines *t, const char *what, satama_secret key, satama_view data)
{
    satama_view mac;
    SAY(t, what, satama_secret_hmac_sha256(t->arena, key, data, &mac), show_bytes(t->arena, mac));
}

static void verify(lines *t, const char *what, satama_secret key, satama_view data,
                   satama_view mac)
{
    bool right;
    SAY(t, what, satama_secret_verify_hmac_sha256(t->arena, key, data, mac, &right),
        show_bool(right));
}

static satama_view seal(lines *t, const char *what, satama_secret key, satama_view data,
                        satama_view associated)
{
    satama_view sealed = {NULL, 0};
    SAY(t, what, satama_secret_seal(t->arena, key, data, associated, &sealed),
        show_integer(t->arena, (int64_t)sealed.len));
    return sealed;
}

static void unseal(lines *t, const char *what, satama_secret key, satama_view sealed,
                   satama_view associated)
{
    satama_view data;
    SAY(t, what, satama_secret_unseal(t->arena, key, sealed, associated, &data),
        show_bytes(t->arena, data));
}

void secret_use(lines *t)
{
    satama_arena *a = t->arena;
    satama_secret key;
    satama_view mac;
    satama_view again;
    bool found;
    WORKED(t, "put", satama_secret_put(a, T("granted/key"), repeated(a, 7, 32), NULL));
    expect(satama_secret_get(a, T("granted/key"), satama_none_u64(), &key));
    hmac(t, "hmac", key, T("ä€😀"));
    hmac(t, "hmac of nothing", key, T(""));
    expect(satama_secret_hmac_sha256(a, key, T("data"), &mac));
    verify(t, "verify", key, T("data"), mac);
    verify(t, "verify another", key, satama_bytes("dat\0", 4), mac);
    verify(t, "verify a short one", key, T("data"), satama_bytes(mac.ptr, 31));
    satama_view sealed = seal(t, "seal", key, T("data"), T("for ann"));
    unseal(t, "unseal", key, sealed, T("for ann"));
    unseal(t, "unseal for another", key, sealed, T("for bob"));
    unseal(t, "unseal nothing", key, T(""), T(""));
    expect(satama_secret_seal(a, key, T("data"), T("for ann"), &again));
    say(t, "another each time", show_bool(!satama_same(again, sealed)));
    satama_view larger = repeated(a, 1, MOST + 1);
    satama_view largest = satama_bytes(larger.ptr, MOST);
    hmac(t, "largest data", key, largest);
    hmac(t, "larger data", key, larger);
    sealed = seal(t, "seal the largest", key, largest, largest);
    unseal(t, "unseal it", key, sealed, largest);
    seal(t, "seal larger data", key, larger, T(""));
    seal(t, "seal for larger data", key, T(""), larger);
    verify(t, "verify larger data", key, larger, mac);
    SAY(t, "delete", satama_secret_delete(a, T("granted/key"), &found), show_bool(found));
}
