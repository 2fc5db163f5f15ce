import { Compile } from 'typebox/compile'

import { RestError } from '#src/errors.ts'
import { eventTypeOf, faultOf, faultOfFields, idsOf } from '#src/model/catalogue/catalogue.ts'
import { noSuchEvent } from '#src/model/catalogue/near-names.ts'
import { isEnvelopeField } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { EmittedEvent } from '#src/model/emitted-event.ts'
import type { EmitResult } from '#src/model/emitted-event.ts'
import { epochMsOf, parseMoment } from '#src/model/moment.ts'
import { reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Organisation } from '#src/model/tenancy.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions, Happening, Step } from './actions.ts'
import { ACCOUNTS } from './documents.ts'
import { ID_REMEMBERED_MS, claimId, pruneIds } from './emitted-ids.ts'
import { managedAccountOf } from './managed-accounts.ts'
import { organisationOf } from './organisations.ts'

export interface EmittedEvents {
  /**
   * Takes tenancy events that happened outside of the hub. Those that are taken are durable
   * together; each of the others is answered with what is wrong with it.
   * @param given one EmittedEvent each, unchecked
   * @returns in the order of the events
   */
  emit(caller: Principal, given: readonly unknown[]): Promise<readonly EmitResult[]>
}

export interface EmittedEventPorts {
  readonly state: State
  readonly ids: Ids
  readonly actions: Actions
  readonly namespace: EventNamespace
  readonly onFault: (error: unknown) => void
}

/** Clocks of two machines differ. */
const AHEAD_MS_MAX = 5 * 60 * 1_000
/** An older one may have been forgotten, and would be taken twice. */
const AGE_MS_MAX = ID_REMEMBERED_MS
/** What EventBridge takes of a partner's event. */
const FIELDS_BYTES_MAX = 256 * 1_024

export function createEmittedEvents(ports: EmittedEventPorts): EmittedEvents {
  const { state, ids, actions, namespace, onFault } = ports

  const take = async (
    { transaction, now, tell }: Step,
    caller: Principal,
    given: unknown,
  ): Promise<EmitResult> => {
    const event = checkedForm(given)
    checkFields(event, namespace)
    const publishedAt = checkedTime(event, now)
    const organisation = await organisationOf(transaction, caller, organisationIdOf(caller, event))
    const aws = await placeOf(transaction, { caller, event, organisation })
    await checkAccounts(transaction, caller, event)
    const { name, fields, userId, eventVersion } = event
    const id = event.id?.toLowerCase() ?? ids.timeOrderedUuid(now)
    const organisationId = organisation.id
    if (event.id !== undefined) {
      if (!(await claimId(transaction, { organisationId, id, name }, now))) return { eventId: id }
    }
    const happening: Happening = {
      id,
      organisationId,
      fields,
      emitted: true,
      ...(publishedAt !== undefined && { publishedAt }),
      ...(userId !== undefined && { userId }),
      ...(aws !== undefined && { aws }),
      ...(eventVersion !== undefined && { version: eventVersion }),
    }
    tell(name, happening)
    return { eventId: id }
  }

  return {
    emit: async (caller, given) => {
      let now = 0
      const results = await actions.perform(caller, async (step) => {
        const answers: EmitResult[] = []
        now = step.now
        for (const each of given) answers.push(await refusedOr(() => take(step, caller, each)))
        return answers
      })
      // The events are taken: what is kept too long meanwhile is no reason to send them again.
      await pruneIds(state, now).catch(onFault)
      return results
    },
  }
}

async function refusedOr(take: () => Promise<EmitResult>): Promise<EmitResult> {
  try {
    return await take()
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return { code: error.code, message: error.message }
  }
}

const form = Compile(EmittedEvent)
const MEMBERS = Object.keys(EmittedEvent.properties)
const AWS_MEMBERS = ['accountId', 'region']

function checkedForm(given: unknown): EmittedEvent {
  if (form.Check(given)) return given
  const { aws } = (given ?? {}) as { readonly aws?: unknown }
  const fault = strangerIn(given, MEMBERS) ?? strangerIn(aws, AWS_MEMBERS, 'aws.')
  throw invalid(fault ?? faultOf(form, given) ?? 'is not valid')
}

/** A misspelt member that were ignored would look like one that was taken. */
function strangerIn(given: unknown, members: readonly string[], path = ''): string | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const stranger = Object.keys(given).find((name) => !members.includes(name))
  return stranger === undefined
    ? undefined
    : `"${path}${stranger}" is not known: there are ${members.join(', ')}`
}

function checkFields({ name, fields, eventVersion }: EmittedEvent, namespace: EventNamespace) {
  const type = eventTypeOf(name)
  if (type === undefined) {
    const message = `${noSuchEvent(name)}: see "belfry catalogue list"`
    throw new RestError(422, 'tenancy-event.unknown', message)
  }
  if (eventVersion !== undefined && Number(eventVersion) < Number(type.version)) {
    throw invalid(
      `"eventVersion" ${eventVersion} of ${name} is older than the catalogue's ${type.version}: publish that`,
    )
  }
  const own = Object.keys(fields).find((field) => isEnvelopeField(field, namespace))
  if (own !== undefined) {
    throw invalid(`"${own}" of ${name} is not the publisher's to set: the hub does`)
  }
  const fault = faultOfFields(type, fields)
  if (fault !== undefined) throw invalid(`${fault} in the fields of ${name}`)
  const bytes = Buffer.byteLength(jsonOf(fields))
  if (bytes > FIELDS_BYTES_MAX) {
    throw new RestError(
      413,
      'tenancy-event.too-large',
      `the fields of ${name} take ${bytes} bytes, at most ${FIELDS_BYTES_MAX} are taken: leave some out`,
    )
  }
}

function jsonOf(fields: EmittedEvent['fields']): string {
  try {
    return JSON.stringify(fields)
  } catch {
    // The one way in which what was parsed cannot be written: the stack ends first.
    throw invalid('"fields" nest too deeply')
  }
}

function checkedTime({ time }: EmittedEvent, now: number) {
  if (time === undefined) return undefined
  const moment = parseMoment(time)
  if (moment === undefined) throw invalid(`"time" is not a date and time: "${time}"`)
  const ageMs = now - epochMsOf(moment)
  if (ageMs >= -AHEAD_MS_MAX && ageMs <= AGE_MS_MAX) return moment
  throw invalid(
    `"time" must be at most ${AHEAD_MS_MAX / 60_000} minutes ahead and ${AGE_MS_MAX / 86_400_000} days old, not "${time}": the hub's clock says ${new Date(now).toISOString()}`,
  )
}

function organisationIdOf(caller: Principal, event: EmittedEvent): string {
  const id = event.organisationId ?? caller.organisationId
  if (id !== undefined) return id
  throw invalid('"organisationId" is missing: the operator says whose event it is')
}

async function placeOf(
  transaction: StateTransaction,
  given: {
    readonly caller: Principal
    readonly event: EmittedEvent
    readonly organisation: Organisation
  },
): Promise<Happening['aws']> {
  const { caller, event, organisation } = given
  if (event.aws === undefined) {
    if (caller.onlyAccounts === undefined) return undefined
    throw invalid(
      `"aws" is missing: this API token is only for the accounts ${caller.onlyAccounts.join(', ')}, so say in which it happened`,
    )
  }
  const { accountId } = event.aws
  const account = await managedAccountOf(transaction, accountId)
  if (account?.organisationId !== organisation.id || !reachesAccount(caller, accountId)) {
    throw unreached(`"aws.accountId" ${accountId}`)
  }
  const signed = caller.region
  const { regions } = organisation
  const region =
    event.aws.region ?? (signed !== undefined && regions.includes(signed) ? signed : undefined)
  if (region === undefined) {
    throw invalid(
      `"aws.region" is missing, and the call is not signed for a region of the organisation: name one of ${regions.join(', ')}`,
    )
  }
  if (regions.includes(region)) return { accountId, region }
  throw new RestError(
    422,
    'region.not-enabled',
    `"aws.region" ${region} is not enabled for the organisation: it has ${regions.join(', ')}`,
  )
}

/** Its names would tell a caller of accounts that are not its to know. */
async function checkAccounts(
  transaction: StateTransaction,
  caller: Principal,
  { name, fields }: EmittedEvent,
): Promise<void> {
  const type = eventTypeOf(name)
  if (caller.onlyAccounts === undefined || type === undefined) return
  for (const [field, { kind }] of idsOf(type)) {
    const id = fields[field]
    if (typeof id !== 'string') continue
    if (kind === 'aws-account' && !reachesAccount(caller, id)) throw unreached(`"${field}" ${id}`)
    if (kind !== 'account') continue
    const account = await transaction.get(ACCOUNTS, id)
    if (account === undefined || !reachesAccount(caller, account.awsAccountId)) {
      throw unreached(`"${field}" ${id}`)
    }
  }
}

function invalid(fault: string): RestError {
  return new RestError(422, 'tenancy-event.invalid', `the event was not taken: ${fault}`)
}

function unreached(what: string): RestError {
  return new RestError(
    404,
    'account.not-found',
    `${what} is no account of this organisation that the caller reaches: see "belfry accounts list"`,
  )
}
