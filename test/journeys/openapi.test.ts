import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { faultOf } from '#src/model/catalogue/catalogue.ts'
import { closedSchema } from '#src/model/closed-schema.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'
import { OPERATIONS } from '../rest-operations.ts'
import { createWorld, newUser } from '../rest-world.ts'
import type { World } from '../rest-world.ts'
import { ended } from '../tenancy-calls.ts'

const PASSWORD = 'a password of some length'

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required: boolean
  readonly schema: object
}
type Content = Readonly<Record<string, { readonly schema?: object; readonly example?: unknown }>>
interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>
}

const folder = newDataFolder()
let hub: HubProcess
let world: World
let admin: Caller
let document: any
/** By method and path, such as `GET /views/{id}`. */
let operations: ReadonlyMap<string, Operation>

beforeAll(async () => {
  hub = await startHubProcess(folder, [
    '--allow-private-targets',
    '--cost-folder',
    `${folder}/bills`,
  ])
  document = await (await fetch(`${hub.url}/api/v1/openapi.json`)).json()
  const paths = Object.entries<Record<string, Operation>>(document.paths)
  operations = new Map(
    paths.flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) =>
          [`${method.toUpperCase()} ${path.replace('/api/v1', '')}`, operation] as const,
      ),
    ),
  )
  world = await createWorld(hub)
  const user = newUser(world, { role: 'customer_admin', password: PASSWORD })
  await world.made('/users', user)
  const login = { email: user.email, password: PASSWORD }
  admin = (await restAs(hub, undefined, ['POST', '/sessions', login])).body
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

/** A schema of the document with what it refers to in place. */
function whole(schema: unknown): any {
  if (Array.isArray(schema)) return schema.map(whole)
  if (typeof schema !== 'object' || schema === null) return schema
  const {
    $ref,
    $id: _,
    ...parts
  } = schema as { $ref?: string; $id?: string; [name: string]: unknown }
  // What may have any members is none that `closedSchema` should close.
  if (parts['additionalProperties'] === true) return { type: 'object' }
  if ($ref === undefined) {
    return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, whole(part)]))
  }
  const [, name = ''] = /^#\/components\/schemas\/(.+)$/.exec($ref) ?? []
  const found = document.components.schemas[decodeURIComponent(name)]
  if (found === undefined) throw new Error(`${$ref} leads nowhere`)
  return whole(found)
}

/** What of a value a schema does not say, or says otherwise. */
const faultBy = (schema: object | undefined, value: unknown) =>
  faultOf(Compile(closedSchema(whole(schema))), value)

function* schemasIn(part: unknown): Generator<Readonly<Record<string, any>>> {
  if (typeof part !== 'object' || part === null) return
  if (!Array.isArray(part)) yield part
  for (const below of Object.values(part)) yield* schemasIn(below)
}

describe('the OpenAPI document', () => {
  it('names each operation once, and its parameters, and what may be answered', () => {
    const ids = [...operations.values()].map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [name, operation] of operations) {
      const { operationId, tags, summary, parameters = [], responses } = operation
      expect(operationId).toMatch(/^(get|post|put|patch|delete)[A-Z][A-Za-z]+$/)
      expect([name, tags.length, summary.length > 0]).toEqual([name, 1, true])
      const inPath = parameters.filter((each) => each.in === 'path').map((each) => each.name)
      expect([name, inPath]).toEqual([name, name.match(/(?<=\{)\w+/g) ?? []])
      const { default: fault, ...answers } = responses
      expect([name, fault?.description]).toEqual([name, expect.stringContaining('went wrong')])
      for (const [status, answer] of Object.entries(answers)) {
        expect([name, status]).toEqual([name, expect.stringMatching(/^2\d\d$|^422$/)])
        expect([name, answer.content !== undefined]).toEqual([name, status !== '204'])
      }
    }
  })

  it('has examples that fit', () => {
    const examples = [...schemasIn(document)].flatMap((schema) => [
      ...(Array.isArray(schema['examples']) ? schema['examples'] : []).map(
        (example: unknown) => [schema, example] as const,
      ),
      ...('schema' in schema && 'example' in schema
        ? [[schema['schema'], schema['example']] as const]
        : []),
    ])
    expect(examples.length).toBeGreaterThan(10)
    for (const [schema, example] of examples) {
      const { examples: _, ...rest } = whole(schema)
      expect([example, faultOf(Compile(rest), example)]).toEqual([example, undefined])
    }
  })
})

describe('what the hub takes and answers', () => {
  const told = OPERATIONS.filter(({ status }) => status < 300)

  it.each(told.map((operation) => [operation.name, operation] as const))(
    'of %s is as the document has it',
    async (name, { status, call }) => {
      const described = operations.get(name)
      const [method, path, given] = await call(world)
      const query = new URL(path, 'http://hub').searchParams
      const names = described?.parameters?.filter((each) => each.in === 'query') ?? []
      expect(names.map((each) => each.name)).toEqual(expect.arrayContaining([...query.keys()]))
      if (given !== undefined && described?.requestBody !== undefined) {
        const [media] = Object.values(described.requestBody.content)
        expect(faultBy(media?.schema, given)).toBeUndefined()
      }
      const answer = await restAs(hub, admin, [method, path, given])
      expect(answer.status).toBe(status)
      if (answer.body?.taskId !== undefined) await ended(hub, answer.body.taskId)
      const [[type, media] = []] = Object.entries(described?.responses[status]?.content ?? {})
      if (type === undefined) expect(answer.body).toBeUndefined()
      else if (type === 'application/x-ndjson') {
        for (const line of answer.body ?? []) expect(faultBy(media?.schema, line)).toBeUndefined()
      } else if (type === 'application/json') {
        expect(faultBy(media?.schema, answer.body)).toBeUndefined()
      } else expect([type, typeof answer.body]).toEqual(['text/plain', 'string'])
    },
  )

  it('of what went wrong is as the document has it', async () => {
    const fault = operations.get('GET /views/{id}')?.responses['default']
    const refusals = [
      await restAs(hub, admin, ['GET', '/views/none']),
      await restAs(hub, admin, ['GET', '/views?nothing=1']),
      await restAs(hub, undefined, ['GET', '/views']),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([404, 400, 401])
    for (const { body } of refusals) {
      expect(faultBy(fault?.content?.['application/json']?.schema, body)).toBeUndefined()
    }
  })
})
