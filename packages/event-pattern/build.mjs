// Makes the package that is published, in JavaScript with type declarations: `npm run build` here,
// then `npm publish dist`. In this repository the source is used as it is.

import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const out = process.argv[2] ?? here('dist')

rmSync(out, { recursive: true, force: true })
execFileSync('tsc', ['-p', here('tsconfig.build.json'), '--outDir', out], { stdio: 'inherit' })
const { scripts: _, ...manifest } = JSON.parse(readFileSync(here('package.json'), 'utf8'))
const published = {
  ...manifest,
  exports: { types: './event-pattern.d.ts', default: './event-pattern.js' },
  sideEffects: false,
}
writeFileSync(`${out}/package.json`, `${JSON.stringify(published, undefined, 2)}\n`)
cpSync(here('README.md'), `${out}/README.md`)
cpSync(here('../../LICENSE'), `${out}/LICENSE`)
