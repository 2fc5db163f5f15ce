import type { OfferedSources } from '#src/buses/offered-sources.ts'
import { partnerOf } from '#src/buses/partner-sources.ts'
import type { OfferedSource, PartnerSources } from '#src/buses/partner-sources.ts'
import type { Region } from '#src/model/event.ts'
import { pageOfAll } from '#src/model/page.ts'
import { EVENT_SOURCE_NAME, NOTHING, PAGING, paged, structure } from '../operation.ts'
import type { Call, Operation, Operations, Paging } from '../operation.ts'
import { optional, required, string, textPattern } from '../shapes.ts'

export interface PartnerSourceOperationPorts {
  readonly partnerSources: PartnerSources
  readonly offeredSources: OfferedSources
}

interface OfSource {
  readonly Name: string
}

interface OfOffer extends OfSource {
  readonly Account: string
}

const OF_SOURCE = structure({ Name: required(EVENT_SOURCE_NAME) })
const OF_OFFER = structure({
  Name: required(EVENT_SOURCE_NAME),
  Account: required(string({ min: 12, max: 12, pattern: textPattern(String.raw`\d{12}`) })),
})

/** Partner event sources, of the partner and of the accounts that it offers them to. */
export function partnerSourceOperations(ports: PartnerSourceOperationPorts): Operations {
  return {
    ...partnersOperations(ports.partnerSources),
    ...consumersOperations(ports.offeredSources),
  }
}

function partnersOperations(sources: PartnerSources): Operations {
  return {
    CreatePartnerEventSource: {
      permission: 'events:Write',
      input: OF_OFFER,
      run: async (call, { Name, Account }: OfOffer) => {
        await sources.create(call, Name, Account)
        return { EventSourceArn: sourceArn(call.region, Name) }
      },
    },
    DescribePartnerEventSource: {
      permission: 'events:Read',
      input: OF_SOURCE,
      run: async (call, { Name }: OfSource) => {
        await sources.accountsOf(call, Name)
        return { Arn: sourceArn(call.region, Name), Name }
      },
    },
    DeletePartnerEventSource: {
      permission: 'events:Write',
      input: OF_OFFER,
      run: async (call, { Name, Account }: OfOffer) => {
        await sources.remove(call, Name, Account)
        return NOTHING
      },
    },
    ListPartnerEventSources: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: required(
          string({
            min: 1,
            max: 256,
            pattern: textPattern(String.raw`aws\.partner/[\.\-_A-Za-z0-9]+/[/\.\-_A-Za-z0-9]*`),
          }),
        ),
        ...PAGING,
      }),
      run: async (call, input: { NamePrefix: string } & Paging) => {
        const { NamePrefix: namePrefix } = input
        const list = `partner sources ${placeOf(call)} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          sources.listNames(call, namePrefix, page),
        )
        const shown = items.map((Name) => ({ Arn: sourceArn(call.region, Name), Name }))
        return { PartnerEventSources: shown, ...next }
      },
    },
    ListPartnerEventSourceAccounts: {
      permission: 'events:Read',
      input: structure({ EventSourceName: required(EVENT_SOURCE_NAME), ...PAGING }),
      run: async (call, input: { EventSourceName: string } & Paging) => {
        const { EventSourceName: name } = input
        const list = `partner source accounts ${placeOf(call)} ${name}`
        const { items, next } = await paged(list, input, async (page) =>
          pageOfAll(await sources.accountsOf(call, name), ({ account }) => account, page),
        )
        const shown = items.map(({ account, ...source }) => ({
          Account: account,
          ...wireState(source),
        }))
        return { PartnerEventSourceAccounts: shown, ...next }
      },
    },
  }
}

function consumersOperations(sources: OfferedSources): Operations {
  const change = (run: (call: Call, name: string) => Promise<void>): Operation => ({
    permission: 'events:Write',
    input: OF_SOURCE,
    run: async (call, { Name }: OfSource) => {
      await run(call, Name)
      return NOTHING
    },
  })
  return {
    DescribeEventSource: {
      permission: 'events:Read',
      input: OF_SOURCE,
      run: async (call, { Name }: OfSource) =>
        wireSource(call.region, await sources.describe(call, Name)),
    },
    ListEventSources: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(
          string({ min: 1, max: 256, pattern: textPattern(String.raw`[/\.\-_A-Za-z0-9]+`) }),
        ),
        ...PAGING,
      }),
      run: async (call, input: { NamePrefix?: string } & Paging) => {
        const { NamePrefix: namePrefix } = input
        const list = `event sources ${placeOf(call)} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          sources.list(call, { namePrefix, ...page }),
        )
        return { EventSources: items.map((source) => wireSource(call.region, source)), ...next }
      },
    },
    ActivateEventSource: change((call, name) => sources.activate(call, name)),
    DeactivateEventSource: change((call, name) => sources.deactivate(call, name)),
  }
}

/** AWS's ARNs of event sources name no account. */
function sourceArn(region: Region, name: string): string {
  return `arn:aws:events:${region}::event-source/${name}`
}

function placeOf({ account, region }: Call): string {
  return `${account} ${region}`
}

function wireSource(region: Region, source: OfferedSource) {
  const { name } = source
  return {
    Arn: sourceArn(region, name),
    CreatedBy: partnerOf(name),
    Name: name,
    ...wireState(source),
  }
}

function wireState({ state, createdAt, expiresAt }: Omit<OfferedSource, 'name'>) {
  return {
    CreationTime: createdAt / 1_000,
    ...(expiresAt !== undefined && { ExpirationTime: expiresAt / 1_000 }),
    State: state,
  }
}
