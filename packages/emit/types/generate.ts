/** `node packages/emit/types/generate.ts`, after a change of the catalogue. */
import { writeFileSync } from 'node:fs'

import { generatedTypes } from './generated-types.ts'

const FILE = new URL('../src/tenancy-events.ts', import.meta.url)
writeFileSync(FILE, await generatedTypes({ prefix: 'stax', partner: 'stax.io' }))
