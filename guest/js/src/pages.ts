/** Lists that come page by page. */

/** All items of a list, in the order of its pages. A page may be empty, and still have a next. */
export function* pages<T>(
  read: (cursor: string | undefined) => { items: Iterable<T>; next: string | undefined },
): Generator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = read(cursor);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
