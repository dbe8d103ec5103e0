import "@satama/guest/globals";

import { Bucket } from "@satama/guest/cache";
import { fallible } from "@satama/guest/export";
import { call, functions, sleep, step, workflows } from "@satama/guest/workflow";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Greets, and counts how often. */
export const greet = fallible((name) => {
  const greetings = Bucket.open("greetings");
  const times = greetings.add(name, 1, { ttlMs: DAY_MS });
  greetings.close();
  return `Hello, ${name}! Greeted so far: ${times}`;
});

/** Called from its start whenever the run goes on: what was recorded it is given back. */
function welcome(name) {
  const text = step("compose", () => `Welcome, ${name}!`);
  sleep(1000);
  return call("send", text, { retries: 5 });
}

/** Runs in an instance of its own, on any host, again if it fails. */
function send(text) {
  console.log(text);
  return [...text].length;
}

export const workflowHandler = workflows({ welcome });
export const functionHandler = functions({ send });
