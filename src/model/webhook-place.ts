/**
 * Where a webhook secret signs: a URL without its query, such as `https://hooks.example.com/team`,
 * and all that is below its path, by whole parts: `/team/a` and `/team?x=1`, but not `/teams`.
 * Written without a slash at the end.
 */

/** The place that a URL names. */
export function webhookPlaceOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + withoutEnd(pathname)
}

/** All places that a URL is in, the narrowest first. */
export function webhookPlacesAround(url: string): readonly string[] {
  const parsed = URL.parse(url)
  if (parsed === null) return []
  const places: string[] = []
  let path = withoutEnd(parsed.pathname)
  for (; path !== ''; path = withoutEnd(path.slice(0, path.lastIndexOf('/')))) {
    places.push(parsed.origin + path)
  }
  return [...places, parsed.origin]
}

function withoutEnd(path: string): string {
  return path.replace(/\/+$/, '')
}
