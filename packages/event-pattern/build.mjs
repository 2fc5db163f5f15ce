// Makes the package that is published: `npm run build` here, then `npm publish dist`. In this
// repository the source is used as it is.

import { readFileSync } from 'node:fs'

import { buildPackage } from '../build-package.mjs'

const file = new URL('package.json', import.meta.url)
const { scripts: _, ...manifest } = JSON.parse(readFileSync(file, 'utf8'))
buildPackage(import.meta.url, {
  ...manifest,
  exports: { types: './event-pattern.d.ts', default: './event-pattern.js' },
  sideEffects: false,
})
