// Starts the hub. Plain JavaScript for any Node from 18 on: installs what is missing first.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, run } from './runtime.mjs'

installIfNeeded()
await run('src/main.ts', process.argv.slice(2))

/** Installs on the first start, and again when a pull has changed the lock file. */
function installIfNeeded() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  const marker = join(ROOT, 'node_modules', '.belfry-lock')
  const installed = join(ROOT, 'node_modules', '.package-lock.json')
  if (existsSync(marker)) {
    if (readFileSync(marker, 'utf8') === lock) return
  } else if (existsSync(installed)) {
    // `npm ci` was run by hand: what it installed is what the lock file says now.
    writeFileSync(marker, lock)
    return
  }
  console.error('Installing dependencies (npm ci) ...')
  const shell = process.platform === 'win32'
  const { status } = spawnSync('npm', ['ci'], { cwd: ROOT, stdio: 'inherit', shell })
  if (status !== 0) {
    console.error('Belfry could not install its dependencies; npm says why above.')
    process.exit(1)
  }
  writeFileSync(marker, lock)
}
