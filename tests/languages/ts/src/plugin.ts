/** The program of `tests/languages`, in TypeScript. What it says is written as README.md there has it. */

import { listener } from "@satama/guest/hub";
import { functions, workflows } from "@satama/guest/workflow";

import * as cache from "./cache.ts";
import * as cacheLimits from "./cache-limits.ts";
import * as channel from "./channel.ts";
import * as credential from "./credential.ts";
import * as heard from "./heard.ts";
import * as hub from "./hub.ts";
import * as pages from "./pages.ts";
import * as quota from "./quota.ts";
import * as run from "./run.ts";
import * as secret from "./secret.ts";
import * as secretUse from "./secret-use.ts";
import * as session from "./session.ts";
import { Lines } from "./show.ts";
import * as unavailable from "./unavailable.ts";
import * as undecryptable from "./undecryptable.ts";
import * as workflow from "./workflow.ts";

const parts: Record<string, (t: Lines) => void> = {
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
export function transcript(part: string): string[] {
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
