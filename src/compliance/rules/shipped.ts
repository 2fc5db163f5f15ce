import { readFileSync, readdirSync } from 'node:fs'

import { parseBundle } from './bundle.ts'

const FOLDER = new URL('../bundles/', import.meta.url)

/** A bundle that comes with the hub. */
export interface ShippedBundle {
  readonly text: string
  readonly bundle: ReturnType<typeof parseBundle>
}

let read: ReadonlyMap<string, ShippedBundle> | undefined

/** The bundles that come with the hub, by name; read when first asked for. */
export function shippedBundles(): ReadonlyMap<string, ShippedBundle> {
  read ??= new Map(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith('.yaml'))
      .toSorted()
      .map((file) => readFileSync(new URL(file, FOLDER), 'utf8'))
      .map((text) => ({ text, bundle: parseBundle(text) }))
      .map((shipped) => [shipped.bundle.file.bundle, shipped] as const),
  )
  return read
}
