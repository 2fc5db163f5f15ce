import { EventPattern } from '@belfry/event-pattern'
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  CATALOGUE,
  eventSchema,
  exampleOf,
  faultOf,
  publishedSchema,
} from '#src/model/catalogue/catalogue.ts'
import { catalogueEntry } from '#src/model/catalogue/catalogue-entry.ts'
import { generatedTypes } from '../../packages/emit/types/generated-types.ts'
import { follow } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { proofOf, restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'

const run = promisify(execFile)
const ROOT = new URL('../..', import.meta.url).pathname
const NAMESPACES = [
  { prefix: 'stax', partner: 'stax.io' },
  { prefix: 'acme', partner: 'events.acme.example' },
]

describe.each(NAMESPACES)('the catalogue of a hub whose namespace is $prefix', (namespace) => {
  const folder = newDataFolder()
  let hub: HubProcess
  let reader: Caller
  let organisationId: string

  const get = (path: string) => restAs(hub, reader, ['GET', path])
  const cli = async (...args: readonly string[]) =>
    run(process.execPath, ['belfry.mjs', '--data', folder, ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1' },
      maxBuffer: 10 * 1_024 * 1_024,
    }).catch((error: { stdout: string; stderr: string }) => error)

  beforeAll(async () => {
    const flags = ['--event-namespace', namespace.prefix, '--partner', namespace.partner]
    hub = await startHubProcess(folder, flags)
    ;({ organisationId } = await createOrganisation(hub))
    const token = { organisationId, name: 'reader', role: 'api_readonly' }
    reader = (await hub.rest('POST', '/api-tokens', token)).body
  })
  afterAll(async () => {
    await hub.kill('SIGKILL')
    removeDataFolder(folder)
  })

  it('lists every type, to everyone who may call', async () => {
    const { status, body } = await get('/catalogue')
    expect(status).toBe(200)
    expect(body.items).toEqual(CATALOGUE.map(catalogueEntry))
    expect((await restAs(hub, undefined, ['GET', '/catalogue'])).status).toBe(401)
  })

  it('shows each type with a schema that its example fits and a pattern that matches it', async () => {
    for (const type of CATALOGUE) {
      const { body } = await get(`/catalogue/${type.name}`)
      expect(body).toMatchObject(JSON.parse(JSON.stringify(catalogueEntry(type))))
      expect(body.schema).toEqual({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:belfry:tenancy-event:${namespace.partner}:${type.name}:${type.version}`,
        ...JSON.parse(JSON.stringify(eventSchema(type, namespace))),
      })
      expect(body.fieldsSchema).toMatchObject(JSON.parse(JSON.stringify(publishedSchema(type))))
      expect(body.example).toEqual(exampleOf(type, namespace))
      expect(faultOf(Compile(body.schema), body.example)).toBeUndefined()
      const pattern = EventPattern.parse(JSON.stringify(body.eventPattern))
      expect(pattern.explain(JSON.stringify(body.example)).matches).toBe(true)
    }
  })

  it('names near types where there is none of that name', async () => {
    const { status, body } = await get('/catalogue/AccountCreatedEvent')
    expect([status, body.code]).toEqual([404, 'catalogue.not-found'])
    expect(body.message).toContain('near it are AccountCreateEvent')
  })

  it('generates TypeScript types in its namespace', async () => {
    const path = '/catalogue/types.ts'
    const headers = proofOf(hub, reader, { method: 'GET', path })
    const answer = await fetch(`${hub.url}/api/v1${path}`, { headers })
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const types = await answer.text()
    const generated = await generatedTypes(namespace)
    expect(types).toBe(generated.slice(generated.indexOf('/**')))
    expect(types).toContain(`${namespace.prefix}EventSource: \`${namespace.prefix}.`)
    expect((await cli('catalogue', 'types')).stdout).toBe(types)
  })

  it('is a page that runs its own script only, and links to each schema', async () => {
    const answer = await fetch(`${hub.url}/catalogue`)
    const page = await answer.text()
    const policy = answer.headers.get('content-security-policy') ?? ''
    for (const element of ['style', 'script']) {
      const [, text = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? []
      const hash = createHash('sha256').update(text).digest('base64')
      expect(policy).toContain(`${element}-src 'sha256-${hash}'`)
    }
    expect(policy).toContain("default-src 'none'")
    for (const { name } of CATALOGUE) expect(page).toContain(`id="${name}"`)
    const links = Array.from(page.matchAll(/href="(catalogue\/[^"]+)"/g), ([, link]) => link)
    expect(links).toHaveLength(CATALOGUE.length)
    for (const link of links) {
      const schema = await fetch(new URL(link as string, `${hub.url}/catalogue`))
      expect(schema.headers.get('content-type')).toContain('application/schema+json')
      expect(((await schema.json()) as { $id: string }).$id).toContain(namespace.partner)
    }
    const etag = answer.headers.get('etag') ?? ''
    const again = await fetch(`${hub.url}/catalogue`, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    expect((await fetch(`${hub.url}/catalogue/No.schema.json`)).status).toBe(404)
  })

  it('is what an event published from the command line is checked against', async () => {
    const follower = await follow(hub, await hub.profile('operator'))
    const event = ['emit', 'VpcCreateEvent', '--field', `resourceId=${randomUUID()}`]
    const place = ['--account', 'member-account', '--region', 'us-east-1', '--json']
    const done = await cli(...event, '--field', 'status=SUCCESS', ...place)
    const { eventId } = JSON.parse(done.stdout) as { eventId: string }
    const [seen] = await follower.waitFor(
      1,
      ({ data }) => data.event.detail[`${namespace.prefix}EventID`] === eventId,
    )
    follower.close()
    expect(seen?.data.event.detail.meta.aws).toMatchObject({ accountName: 'member-account' })
    const { stderr } = await cli(...event, '--fields', '{"status":true}')
    expect(stderr).toContain('"status" must be one of SUCCESS, FAILED')
  })

  it('is shown on the command line', async () => {
    const list = await cli('catalogue', 'list', '--category', 'Security')
    expect(list.stdout).toContain('UserAuthenticationEvent')
    expect(list.stdout).not.toContain('AccountCreateEvent')
    expect((await cli('catalogue', 'list', '--category', 'X')).stderr).toContain('no category "X"')
    const show = await cli('catalogue', 'show', 'VpcCreateEvent')
    expect(show.stdout).toContain('Networking: VpcCreateEvent')
    const schema = await cli('catalogue', 'schema', 'VpcCreateEvent')
    expect(JSON.parse(schema.stdout)).toEqual((await get('/catalogue/VpcCreateEvent')).body.schema)
  })
})
