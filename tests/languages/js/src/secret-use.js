/** Secrets as keys. */
import * as secret from "@satama/guest/secret";
import { hmacSha256, seal, unseal, verifyHmacSha256 } from "@satama/guest/secret-use";
import { bytes, filled } from "./bytes.js";
import { worked } from "./show.js";

export function all(t) {
  const [none, data, ann] = [bytes(""), bytes("data"), bytes("for ann")];
  t.say(
    "put",
    worked(() => secret.put("granted/key", filled(32, 7))),
  );
  using key = secret.get("granted/key");
  t.say("hmac", () => hmacSha256(key, bytes("ä€😀")));
  t.say("hmac of nothing", () => hmacSha256(key, none));
  const mac = hmacSha256(key, data);
  t.say("verify", () => verifyHmacSha256(key, data, mac));
  t.say("verify another", () => verifyHmacSha256(key, bytes("dat\0"), mac));
  t.say("verify a short one", () => verifyHmacSha256(key, data, mac.subarray(0, 31)));
  const sealed = seal(key, data, ann);
  t.say("seal", () => sealed.length);
  t.say("unseal", () => unseal(key, sealed, ann));
  t.say("unseal for another", () => unseal(key, sealed, bytes("for bob")));
  t.say("unseal nothing", () => unseal(key, none, none));
  t.say("another each time", () => String(seal(key, data, ann)) !== String(sealed));
  const [largest, larger] = [filled(1 << 20, 1), filled((1 << 20) + 1, 1)];
  t.say("largest data", () => hmacSha256(key, largest));
  t.say("larger data", () => hmacSha256(key, larger));
  let box = none;
  t.say("seal the largest", () => {
    box = seal(key, largest, largest);
    return box.length;
  });
  t.say("unseal it", () => unseal(key, box, largest));
  t.say("seal larger data", () => seal(key, larger, none));
  t.say("seal for larger data", () => seal(key, none, larger));
  t.say("verify larger data", () => verifyHmacSha256(key, larger, mac));
  t.say("delete", () => secret.delete("granted/key"));
}
