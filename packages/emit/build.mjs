// Makes `dist`: what `belfry/emit` is when this repository is packed, and a small package of its
// own for publishers (`node packages/emit/build.mjs`, then `npm publish packages/emit/dist`). Its
// name is `belfry` too, so that both are imported alike.

import { readFileSync } from 'node:fs'

import { buildPackage } from '../build-package.mjs'

const file = new URL('../../package.json', import.meta.url)
const { name, version, license, type } = JSON.parse(readFileSync(file, 'utf8'))
buildPackage(import.meta.url, {
  name,
  version,
  description: 'Publishes tenancy events to a Belfry hub',
  license,
  type,
  exports: { './emit': { types: './emit.d.ts', default: './emit.js' } },
  engines: { node: '>=20.3' },
  sideEffects: false,
})
