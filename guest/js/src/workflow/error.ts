/** Why a call of a body, or of a function, came to no result. */

import { SatamaError, ask } from "../error.ts";

/**
 * What the host says to a call: `cancelled`, `access-denied`, `invalid-json`, `too-large` (with a
 * limit), `misplaced` (`detail` says what), `quota-exceeded` or `unavailable`. A step, function or child
 * that has failed is a `Failure`.
 */
export class WorkflowError extends SatamaError {
  /** Such errors keep their code when they become a failure. */
  readonly workflow = true;
}

/**
 * The run is being cancelled, or its time is up. Said once: what is called after that works, to undo
 * what was done. To be thrown on, so that the run ends as cancelled.
 */
export class Cancelled extends WorkflowError {
  constructor() {
    super("cancelled", { detail: "the run is being cancelled" });
  }
}

/** Calls the host. */
export function call<T>(work: () => T): T {
  try {
    return ask(WorkflowError, work);
  } catch (error) {
    throw error instanceof WorkflowError && error.code === "cancelled" ? new Cancelled() : error;
  }
}
