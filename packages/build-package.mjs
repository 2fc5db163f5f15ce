import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Makes a package as it is published, in JavaScript with type declarations: Node does not strip
 * types below node_modules.
 * @param {string} folder URL of the folder that holds tsconfig.build.json and README.md
 * @param {object} manifest of what is published
 */
export function buildPackage(folder, manifest) {
  const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, folder))
  const out = process.argv[2] ?? here('dist')
  rmSync(out, { recursive: true, force: true })
  execFileSync('tsc', ['-p', here('tsconfig.build.json'), '--outDir', out], { stdio: 'inherit' })
  writeFileSync(`${out}/package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`)
  cpSync(here('README.md'), `${out}/README.md`)
  cpSync(here('../../LICENSE'), `${out}/LICENSE`)
}
