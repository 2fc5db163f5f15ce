// Compiles the scanner into src/scan: `node packages/event-pattern/wasm/build.mjs` after a change
// here. With --check it only tells, by its exit status, whether that has been done.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { main } from 'assemblyscript/asc'

const SOURCE = fileURLToPath(new URL('scan-event.ts', import.meta.url))
const COMPILED = new URL('../src/scan/scan-event.wasm.data.ts', import.meta.url)
const OPTIONS = [
  '--runtime',
  'stub',
  '--enable',
  'simd',
  '-O3',
  '--noAssert',
  '--disableWarning',
  '112',
]

let program = ''
const { error } = await main([SOURCE, '--outFile', 'scan-event.wasm', ...OPTIONS], {
  stderr: process.stderr,
  writeFile: (_name, contents) => {
    program = Buffer.from(contents).toString('base64')
  },
})
if (error) throw error

// Base64 in a module is what every bundler and browser takes.
const compiled = `// Compiled from wasm/ by wasm/build.mjs.
/** The scanner in WebAssembly, in base64. */
export const SCAN_EVENT_WASM: string =
  '${program}'
`
if (!process.argv.includes('--check')) await writeFile(COMPILED, compiled)
else if ((await readFile(COMPILED, 'utf8')) !== compiled) {
  console.error(
    'src/scan/scan-event.wasm.data.ts is not what wasm/ compiles to: run wasm/build.mjs',
  )
  process.exit(1)
}
