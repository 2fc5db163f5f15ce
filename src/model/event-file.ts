/** Names that lead nowhere but down, and hide nothing. */
const FILE_URL = /^file:\/\/\/((?:\w[\w.-]{0,99}\/){0,8}\w[\w.-]{0,99})$/

/**
 * The path that a file target's URL names, below the folder of the rule's account: of
 * `file:///shop/orders.ndjson` it is `shop/orders.ndjson`. undefined where the URL names none.
 */
export function parseFileTarget(url: string): string | undefined {
  return FILE_URL.exec(url)?.[1]
}
