/** What an engine does wrong, and a way around it. */

let patched = false;

/**
 * Lets StarlingMonkey pass a negative 64-bit integer: its host takes BigInts of 0 to 2^64 only, and
 * aborts on others (componentize-js 0.22). The glue that calls it makes them with `BigInt.asIntN` of a
 * realm of its own, which `glue`, any of its functions, leads to. The bits are the same.
 */
export function passNegative(glue: object): void {
  if (patched) return;
  patched = true;
  const theirFunction = glue.constructor as FunctionConstructor;
  if (theirFunction === Function) return;
  const theirs = theirFunction("return BigInt")() as BigIntConstructor;
  theirs.asIntN = (bits, value) => BigInt.asUintN(bits, value);
}
