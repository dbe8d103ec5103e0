/** Ten thousand channels, which all listen to one topic. */
import { Store } from "@satama/guest/channel";
import { Bus } from "@satama/guest/hub";
import {} from "./show.js";

/** The items of a list. */
function read(t, what, items) {
  const all = [...items].sort();
  t.say(what, () => all.length);
  t.say("different ones", () => new Set(all).size);
  t.say("first", () => all.at(0));
  t.say("last", () => all.at(-1));
}

export function all(t) {
  using s = Store.open("many", 60_000);
  read(
    t,
    "of user",
    Array.from(s.eachOfUser("ann"), ({ id }) => id),
  );
  read(
    t,
    "all",
    Array.from(s.each(), ({ id }) => id),
  );
  using b = Bus.open("many");
  read(
    t,
    "members",
    Array.from(b.eachMember("topic"), ({ channel }) => channel),
  );
}
