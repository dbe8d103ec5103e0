/** The program of `tests/languages`, in plain JavaScript. What it says is written as README.md there has it. */
import { listener } from "@satama/guest/hub";
import { functions, workflows } from "@satama/guest/workflow";
import * as cache from "./cache.js";
import * as cacheLimits from "./cache-limits.js";
import * as channel from "./channel.js";
import * as credential from "./credential.js";
import * as heard from "./heard.js";
import * as hub from "./hub.js";
import * as pages from "./pages.js";
import * as quota from "./quota.js";
import * as run from "./run.js";
import * as secret from "./secret.js";
import * as secretUse from "./secret-use.js";
import * as session from "./session.js";
import { Lines } from "./show.js";
import * as unavailable from "./unavailable.js";
import * as undecryptable from "./undecryptable.js";
import * as workflow from "./workflow.js";

const parts = {
  cache: cache.all,
  "cache-limits": cacheLimits.all,
  session: session.all,
  channel: channel.all,
  hub: hub.all,
  say: heard.say,
  heard: heard.heard,
  pages: pages.all,
  secret: secret.all,
  "secret-use": secretUse.all,
  credential: credential.all,
  run: run.all,
  workflow: workflow.outside,
  handles: quota.handles,
  calls: quota.calls,
  unavailable: unavailable.all,
  undecryptable: undecryptable.all,
};

/** Goes through one part, and says what it met, line by line. */
export function transcript(part) {
  const lines = new Lines();
  const all = parts[part];
  if (all === undefined) lines.say("unknown part", () => part);
  else all(lines);
  return lines.lines;
}

export const hubHandler = listener(heard.handle);

export const workflowHandler = workflows({
  story: workflow.story,
  undone: workflow.undone,
  waits: workflow.waitsForPeople,
  counts: workflow.counts,
  cancelled: workflow.cancelled,
  echo: workflow.echo,
  insists: quota.insists,
});

export const functionHandler = functions({
  double: workflow.double,
  "third-time": workflow.thirdTime,
  refuse: workflow.refuse,
  facts: workflow.facts,
  insist: quota.insist,
});
