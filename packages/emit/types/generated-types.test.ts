import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { generatedTypes } from './generated-types.ts'

test('the types in the repository are those of the catalogue', async () => {
  const file = readFileSync(new URL('../src/tenancy-events.ts', import.meta.url), 'utf8')
  const generated = await generatedTypes({ prefix: 'stax', partner: 'stax.io' })
  expect(file, 'run "node packages/emit/types/generate.ts"').toBe(generated)
})
