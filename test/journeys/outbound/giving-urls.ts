import { ACCOUNTS, REGION } from '../../organisation.ts'
import { eventually, inParallel } from './world.ts'
import type { World } from './world.ts'

/** What became of a URL that was given to the hub. */
export interface Verdict {
  readonly url: string
  /** Who refused it: the door that it was given to, or the policy when it was used. */
  readonly refusedBy?: 'door' | 'policy'
  /** What was answered, or what the attempt says. */
  readonly message: string
}

export const AT_ONCE = 8
const { MEMBER } = ACCOUNTS
export const ROLE = `arn:aws:iam::${MEMBER}:role/any`
const NO_RETRY = { MaximumRetryAttempts: 0 }

let serial = 0
export const fresh = (what: string) => `${what}-${(serial += 1)}`
const ruleArn = (rule: string) => `arn:aws:events:${REGION}:${MEMBER}:rule/${rule}`
const scheduleArn = (name: string) =>
  `arn:aws:scheduler:${REGION}:${MEMBER}:schedule/default/${name}`

export async function newRule(world: World): Promise<string> {
  const Name = fresh('urls')
  must(await world.events('PutRule', { Name, EventPattern: `{"source":["${Name}"]}` }))
  return Name
}

/** Targets `t0`, `t1` and so on of a rule. */
export async function giveTargets(
  world: World,
  rule: string,
  urls: readonly string[],
): Promise<readonly Verdict[]> {
  return inParallel(urls, AT_ONCE, async (url, index) =>
    doorOf(url, await putTarget(world, rule, { Id: `t${index}`, Arn: url })),
  )
}

/** The same with API destinations. */
export async function giveApiDestinations(
  world: World,
  rule: string,
  urls: readonly string[],
): Promise<readonly Verdict[]> {
  const ConnectionArn = await newConnection(world)
  return inParallel(urls, AT_ONCE, async (url, index) => {
    const input = { Name: fresh('d'), ConnectionArn, InvocationEndpoint: url, HttpMethod: 'POST' }
    const answer = await world.events('CreateApiDestination', input)
    if (!answer.ok) return doorOf(url, answer)
    const Arn = answer.body.ApiDestinationArn
    return doorOf(url, await putTarget(world, rule, { Id: `t${index}`, Arn, RoleArn: ROLE }))
  })
}

type GivenSchedule = Verdict & { readonly name: string }

export async function giveSchedules(
  world: World,
  urls: readonly string[],
  inMs = FIRES_IN_MS,
): Promise<readonly GivenSchedule[]> {
  return inParallel(urls, AT_ONCE, async (url) => {
    const name = fresh('s')
    return { name, ...doorOf(url, await schedule(world, 'POST', name, { url, at: soon(inMs) })) }
  })
}

/** A schedule for a time that has passed when it is made would never fire. */
const FIRES_IN_MS = 5_000

/** A time of a schedule, in UTC and whole seconds. */
export function soon(inMs = FIRES_IN_MS): string {
  return new Date(Date.now() + inMs).toISOString().slice(0, 19)
}

/** Waits for what becomes of schedules once they have fired. */
export async function fired(
  world: World,
  given: readonly GivenSchedule[],
): Promise<readonly Verdict[]> {
  return settled(world, given, ({ name }) => `${scheduleArn(name)} target`)
}

/** A verdict where the door refuses. */
export async function setIssuer(world: World, url: string): Promise<Verdict | undefined> {
  const { hub, organisationId } = world
  const { status, body } = await hub.rest('PUT', `/organisations/${organisationId}/sign-in`, {
    ...{ LOCAL: { Enable: true }, MFA: { Required: false } },
    OIDC: { Issuer: url, ClientId: fresh('belfry'), DefaultRole: 'customer_user' },
  })
  return status === 200 ? undefined : { url, refusedBy: 'door', message: body.message }
}

/** The hub reads what the provider says of itself. */
export async function signInBegun({ hub }: World, url: string): Promise<Verdict> {
  const page = await fetch(`${hub.url}/sign-in/oidc/test`, { redirect: 'manual' })
  return used(url, await page.text())
}

/** A verdict where the door refuses. */
export async function setAwsOrganization(world: World, url: string): Promise<Verdict | undefined> {
  const { hub, organisationId } = world
  const path = `/organisations/${organisationId}/aws-organization`
  const { status, body } = await hub.rest('PUT', path, {
    ...{ enabled: true, region: 'us-east-1', endpoint: url },
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x'.repeat(40) },
  })
  return status === 200 ? undefined : { url, refusedBy: 'door', message: body.message }
}

/** The hub reads the organization. */
export async function synced({ hub, organisationId }: World, url: string): Promise<Verdict> {
  const { body } = await hub.rest('POST', '/accounts/discovery', { organisationId })
  const task = await eventually('the end of a task', async () => {
    const found = (await hub.rest('GET', `/tasks/${body.taskId}`)).body
    return found.endedAt === undefined ? undefined : found
  })
  return used(url, JSON.stringify(task))
}

/** Of a kind that asks nobody for anything. */
export async function newConnection(world: World, Name = fresh('c')): Promise<string> {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'X-Key', ApiKeyValue: 'secret' } }
  const input = { Name, AuthorizationType: 'API_KEY', AuthParameters }
  return must(await world.events('CreateConnection', input)).ConnectionArn
}

export function putTarget(world: World, Rule: string, target: object): ReturnType<World['events']> {
  return world.events('PutTargets', { Rule, Targets: [{ ...target, RetryPolicy: NO_RETRY }] })
}

export function schedule(
  world: World,
  method: 'POST' | 'PUT',
  name: string,
  { url, at }: { readonly url: string; readonly at: string },
): ReturnType<World['schedule']> {
  return world.schedule(method, name, {
    ScheduleExpression: `at(${at})`,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: url, RoleArn: ROLE, RetryPolicy: NO_RETRY },
  })
}

/** Makes a channel, unless it has one, gives it settings, and tests it. */
export async function tested(
  { hub, organisationId }: World,
  url: string,
  settings: object,
  before?: object,
): Promise<Verdict> {
  const given = { organisationId, name: fresh('channel'), settings: before ?? settings }
  const made = await hub.rest('POST', '/channels', given)
  const path = `/channels/${made.body.id}`
  const set = before === undefined ? made : await hub.rest('PATCH', path, { settings })
  const wasTaken = set.status < 400
  const message = wasTaken
    ? (await hub.rest('POST', `${path}/test`, {})).body.answer
    : set.body.message
  if (made.status === 201) await hub.rest('DELETE', path)
  return wasTaken ? used(url, message) : { url, refusedBy: 'door', message }
}

export function doorOf(url: string, { ok, text }: { ok: boolean; text: string }): Verdict {
  return ok ? { url, message: '' } : { url, refusedBy: 'door', message: text }
}

function used(url: string, message: string): Verdict {
  return {
    url,
    message,
    ...(/refused to (?:connect|send)/.test(message) && { refusedBy: 'policy' }),
  }
}

export function must({ ok, text, body }: { ok: boolean; text: string; body: any }): any {
  if (!ok) throw new Error(text)
  return body
}

/** Puts an event for the rule and waits for what becomes of it at each of its targets. */
export async function delivered(
  world: World,
  rule: string,
  given: readonly Verdict[],
  more: object = {},
): Promise<readonly Verdict[]> {
  const Entries = [{ Source: rule, DetailType: 'd', Detail: '{}', ...more }]
  must(await world.events('PutEvents', { Entries }))
  return settled(world, given, (_one, index) => `${ruleArn(rule)} t${index}`)
}

/** Waits until each URL that a door took was refused, or failed, or led to the canary. */
async function settled<T extends Verdict>(
  { hub, canary }: World,
  given: readonly T[],
  keyOf: (one: T, index: number) => string,
): Promise<readonly Verdict[]> {
  return eventually(`${given.length} deliveries`, async () => {
    const letters = await lettersOf(hub)
    const verdicts = given.map((one, index): Verdict | undefined => {
      if (one.refusedBy !== undefined) return one
      const { url } = one
      const letter = letters.get(keyOf(one, index))
      if (letter !== undefined) return used(url, `${letter.errorCode}: ${letter.errorMessage}`)
      return canary.was(pathOf(url)) ? { url, message: 'delivered' } : undefined
    })
    return verdicts.every((verdict) => verdict !== undefined) ? verdicts : undefined
  })
}

async function lettersOf(hub: World['hub']): Promise<ReadonlyMap<string, any>> {
  const letters = new Map<string, any>()
  let token = ''
  do {
    const { body } = await hub.rest('GET', `/dead-letters?limit=1000${token}`)
    for (const letter of body.items) letters.set(`${letter.ruleArn} ${letter.targetId}`, letter)
    token = body.nextToken === undefined ? '' : `&nextToken=${encodeURIComponent(body.nextToken)}`
  } while (token !== '')
  return letters
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

export async function authorized(world: World, Name: string, url: string): Promise<Verdict> {
  const { StateReason = 'authorized' } = await eventually(`the token of "${url}"`, async () => {
    const connection = must(await world.events('DescribeConnection', { Name }))
    return connection.ConnectionState === 'AUTHORIZING' ? undefined : connection
  })
  return used(url, StateReason)
}
