/**
 * What names are chosen by where events are followed: the name itself, or a prefix that ends in
 * `*`. A `*` elsewhere would be taken for itself and so match nothing.
 */
export function isNameFilter(text: string): boolean {
  return !text.slice(0, -1).includes('*')
}

export function nameMatches(filter: string, name: string): boolean {
  return filter.endsWith('*') ? name.startsWith(filter.slice(0, -1)) : name === filter
}
