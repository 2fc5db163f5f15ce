import type { AddressInfo } from 'node:net'

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AwsError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import { signedHeaders } from '#src/model/sigv4.ts'
import { systemClock } from '#src/ports/clock.ts'
import { structure } from '../eventbridge/operation.ts'
import { optional, required, string } from '../eventbridge/shapes.ts'
import { createSignatureCheck } from '../signature/signature-check.ts'
import { addRestServices } from './rest-json.ts'
import type { RestService } from './rest-json.ts'

const REGION = 'eu-west-1'
const ACCOUNT = '111122223333'
const KEYS: Readonly<Record<string, Principal>> = {
  OPERATIONS: principal('operations', ACCOUNT),
  READONLY: principal('readonly', ACCOUNT),
  NOWHERE: principal('admin'),
}
const SECRET = 'secret'

function principal(role: Principal['role'], awsAccountId?: string): Principal {
  const arn = `arn:aws:iam::${awsAccountId ?? '000000000000'}:user/${role}`
  return { arn, id: role, role, ...(awsAccountId !== undefined && { awsAccountId }) }
}

/** Two services with a path in common; each answers what it was given. */
const service = (signingName: string): RestService => ({
  signingName,
  errors: {
    ValidationException: ['BadRequestException', 400],
    ResourceNotFoundException: ['NotFoundException', 404],
  },
  operations: {
    PutThing: {
      permission: 'events:Write',
      http: ['PUT', '/v1/things/{Name}/copies/{Copy}', 201],
      query: ['dryRun', 'limit', 'tagKeys'],
      input: structure({
        Name: required(string({ max: 20 })),
        Copy: required(string()),
        DryRun: optional({ type: 'boolean' }),
        Limit: optional({ type: 'integer', max: 100 }),
        TagKeys: optional({ type: 'list', member: string() }),
        Content: required(string()),
      }),
      run: async ({ account, region }, input) => ({ signingName, account, region, input }),
    },
    GetThing: {
      permission: 'events:Read',
      http: ['GET', '/v1/things/{Name}'],
      input: structure({ Name: required(string()) }),
      run: async (_call, { Name }) => {
        if (Name === 'bug') throw new TypeError('a bug')
        throw new AwsError('ResourceNotFoundException', `There is no ${Name}.`)
      },
    },
    TagResource: {
      permission: 'events:Write',
      http: ['POST', '/tags/{ResourceArn}', 204],
      input: structure({ ResourceArn: required(string()) }),
      run: async () => ({}),
    },
    ListTagsForResource: {
      permission: 'events:Read',
      http: ['GET', '/tags/{ResourceArn}'],
      input: structure({ ResourceArn: required(string()) }),
      run: async (_call, { ResourceArn }) => ({ signingName, ResourceArn }),
    },
  },
})

let app: FastifyInstance
let origin: string
const faults: unknown[] = []

beforeAll(async () => {
  app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.get('/v1/own', async () => ({ own: true }))
  const find = async (key: string) => {
    const found = KEYS[key]
    return found && { secretAccessKey: SECRET, principal: found }
  }
  addRestServices(app, [service('things'), service('others')], {
    checkSignature: createSignatureCheck({ find, assumeRole: async () => undefined }, systemClock, {
      note: () => undefined,
    }),
    regionEnabled: async (_account, region) => region === REGION,
    onFault: (error) => void faults.push(error),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
afterAll(async () => app.close())

async function send(
  method: string,
  url: string,
  { body = '', key = 'OPERATIONS', signedFor = 'things', region = REGION, secret = SECRET } = {},
) {
  const headers = signedHeaders(
    { method, url, body, headers: { host: new URL(origin).host } },
    {
      accessKeyId: key,
      secretAccessKey: secret,
      region,
      service: signedFor,
      now: systemClock.now(),
    },
  )
  const answer = await fetch(origin + url, { method, headers, ...(body !== '' && { body }) })
  const text = await answer.text()
  return {
    status: answer.status,
    type: answer.headers.get('x-amzn-errortype'),
    requestId: answer.headers.get('x-amzn-requestid'),
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const PATH = '/v1/things/a%2Fb%20c/copies/2'

it('puts an input together from path, query and body, and answers in the account of the key', async () => {
  const query = '?dryRun=true&limit=7&tagKeys=a&tagKeys=b%26c&unknown=1'
  const { status, body, requestId } = await send('PUT', PATH + query, { body: '{"Content":"x"}' })
  expect(status).toBe(201)
  expect(requestId).toMatch(/./)
  expect(body).toEqual({
    ...{ signingName: 'things', account: ACCOUNT, region: REGION },
    input: {
      ...{ Name: 'a/b c', Copy: '2', Content: 'x', DryRun: true, Limit: 7, TagKeys: ['a', 'b&c'] },
    },
  })
})

it('takes no member of a path from the body', async () => {
  const body = '{"Content":"x","Name":"other","Limit":"many"}'
  const { status, body: answer } = await send('PUT', `${PATH}?limit=1`, { body })
  expect([status, answer.input.Name, answer.input.Limit]).toEqual([201, 'a/b c', 1])
})

it('asks the service that the signature names where paths are the same', async () => {
  const arn = `arn:aws:things:${REGION}:${ACCOUNT}:thing/one`
  const path = `/tags/${encodeURIComponent(arn)}`
  for (const signedFor of ['things', 'others']) {
    const { body } = await send('GET', path, { signedFor })
    expect(body).toEqual({ signingName: signedFor, ResourceArn: arn })
  }
  expect((await send('GET', path, { signedFor: 'third' })).status).toBe(404)
})

it('leaves the paths of others to them', async () => {
  expect(await (await fetch(`${origin}/v1/own`)).json()).toEqual({ own: true })
  expect((await send('GET', '/v1/own', { signedFor: 'belfry' })).body).toEqual({ own: true })
})

it('answers 204 without a body', async () => {
  expect(await send('POST', '/tags/x')).toMatchObject({ status: 204, body: undefined })
})

it.each([
  ['a violation', 'PUT', `${PATH}?limit=101`, {}, 400, 'BadRequestException', /^2 validation err/],
  ['no number', 'PUT', `${PATH}?limit=ten`, {}, 400, 'SerializationException', /'limit'/],
  ['no JSON', 'PUT', PATH, { body: '{' }, 400, 'SerializationException', /not valid JSON/],
  ['no structure', 'PUT', PATH, { body: '[]' }, 400, 'SerializationException', /a structure/],
  ['nothing there', 'GET', '/v1/things/x', {}, 404, 'NotFoundException', /There is no x/],
  ['no such path', 'GET', '/v1/nothing', {}, 404, 'UnknownOperationException', /GET \/v1\/nothing/],
  ['an unknown key', 'GET', '/tags/x', { key: 'NO' }, 403, 'UnrecognizedClientException', /./],
  ['a bad secret', 'GET', '/tags/x', { secret: 'no' }, 403, 'InvalidSignatureException', /match/],
  ['a bad region', 'GET', '/tags/x', { region: 'x' }, 403, 'InvalidSignatureException', /region/],
  ['no account', 'GET', '/tags/x', { key: 'NOWHERE' }, 403, 'AccessDeniedException', /no account/],
  [
    ...['a weak role', 'POST', '/tags/x', { key: 'READONLY' }, 403, 'AccessDeniedException'],
    /perform: things:TagResource on resource: arn:aws:things:eu-west-1:111122223333:\*/,
  ],
] as const)('answers %s with AWS’s error', async (_what, method, path, how, status, code, text) => {
  const answer = await send(method, path, how)
  expect([answer.status, answer.type, answer.body.Code]).toEqual([status, code, code])
  expect(answer.body.Message).toMatch(text)
})

it('tells nobody but the operator of a failure of its own', async () => {
  const { status, body } = await send('GET', '/v1/things/bug')
  expect([status, body.Message]).toEqual([500, 'the hub failed; its log says why'])
  expect(String(faults.at(-1))).toBe('TypeError: a bug')
})
