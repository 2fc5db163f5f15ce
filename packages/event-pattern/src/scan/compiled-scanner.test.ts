import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

test('the compiled scanner is what its source compiles to', async () => {
  const build = fileURLToPath(new URL('../../wasm/build.mjs', import.meta.url))
  const { stderr } = await promisify(execFile)(process.execPath, [build, '--check'])
  expect(stderr).toBe('')
})
