/* A PKCS #11 module that is SoftHSM's, but for the fault that the file $FAULT names. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*call)();
/* CK_FUNCTION_LIST of PKCS #11 2.40: its version, and then its functions in this order. */
struct list { word version; call calls[68]; };
enum { OPEN_SESSION = 12, LOGIN = 18, ENCRYPT_INIT = 29, DECRYPT_INIT = 33, DECRYPT = 34 };
struct mechanism { word kind; unsigned char **parameter; word length; };

static struct list real, ours;

static int is(const char *fault) {
    char text[32] = "";
    FILE *file = fopen(getenv("FAULT"), "r");
    if (file == NULL) return 0;
    if (fgets(text, sizeof text, file) == NULL) text[0] = 0;
    fclose(file);
    return strcmp(text, fault) == 0;
}

static word open_session(word slot, word flags, void *a, void *b, void *session) {
    if (is("no sessions left")) return 0xB1; /* CKR_SESSION_COUNT */
    return real.calls[OPEN_SESSION](slot, flags, a, b, session);
}

static word login(word session, word user, void *pin, word length) {
    if (is("locked")) return 0xA4;  /* CKR_PIN_LOCKED */
    if (is("expired")) return 0xA3; /* CKR_PIN_EXPIRED */
    if (is("no PIN")) return 0x102; /* CKR_USER_PIN_NOT_INITIALIZED */
    return real.calls[LOGIN](session, user, pin, length);
}

static word encrypt_init(word session, struct mechanism *mechanism, word key) {
    if (is("slow")) sleep(12);
    if (is("removed once") && remove(getenv("FAULT")) == 0) return 0x32; /* CKR_DEVICE_REMOVED */
    if (is("no GCM")) return 0x70;                                       /* CKR_MECHANISM_INVALID */
    /* The IV is where the parameter begins. It draws its own, and says so. */
    if (is("own IV")) memset(*mechanism->parameter, 0x5A, 12);
    if (is("secret IV")) {
        unsigned char given[12];
        memcpy(given, *mechanism->parameter, 12);
        memset(*mechanism->parameter, 0x5A, 12);
        word result = real.calls[ENCRYPT_INIT](session, mechanism, key);
        memcpy(*mechanism->parameter, given, 12);
        return result;
    }
    return real.calls[ENCRYPT_INIT](session, mechanism, key);
}

static word decrypt_init(word session, void *mechanism, word key) {
    if (is("removed")) return 0x32;
    return real.calls[DECRYPT_INIT](session, mechanism, key);
}

static word decrypt(word session, void *in, word length, void *out, void *out_length) {
    word result = real.calls[DECRYPT](session, in, length, out, out_length);
    if (out != NULL && is("fails")) return 0x06; /* CKR_FUNCTION_FAILED */
    if (out != NULL && is("fails once") && remove(getenv("FAULT")) == 0) return 0x05; /* CKR_GENERAL_ERROR */
    if (result != 0 && is("standard")) return 0x40; /* CKR_ENCRYPTED_DATA_INVALID */
    return result;
}

word C_GetFunctionList(struct list **list) {
    void *module = dlopen(getenv("MODULE"), RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) return 0x05; /* CKR_GENERAL_ERROR */
    struct list *found;
    word result = ((word(*)(struct list **))dlsym(module, "C_GetFunctionList"))(&found);
    if (result != 0) return result;
    real = ours = *found;
    ours.calls[OPEN_SESSION] = (call)open_session;
    ours.calls[LOGIN] = (call)login;
    ours.calls[ENCRYPT_INIT] = (call)encrypt_init;
    ours.calls[DECRYPT_INIT] = (call)decrypt_init;
    ours.calls[DECRYPT] = (call)decrypt;
    *list = &ours;
    return 0;
}
