import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'

import {
  CATALOGUE,
  eventSchema,
  eventTypeOf,
  exampleOf,
  faultOf,
  faultOfFields,
  idsOf,
} from './catalogue.ts'
import type { EventType } from './event-type.ts'

const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }
const each = CATALOGUE.map((type) => [type.name, type] as const)
const typeOf = (name: string) => eventTypeOf(name) as EventType

describe('the catalogue', () => {
  it('names every type once', () => {
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length)
  })

  it('has the published types under their published names', () => {
    const published = CATALOGUE.filter(({ provenance }) => provenance !== 'ours').map(
      ({ category, component, name }) => `${component} ${category}: ${name}`,
    )
    expect(new Set(published)).toEqual(
      new Set([
        'account AccountManagement: AccountCreateEvent',
        'account AccountManagement: AccountUpdateEvent',
        'auth Security: UserAuthenticationEvent',
        'auth Security: APITokenAuthenticationEvent',
        'auth Security: APITokenCreateEvent',
        'organisation ServiceConfiguration: GuardDutyUpdateEvent',
        'organisation ServiceConfiguration: SecurityHubUpdateEvent',
      ]),
    )
  })

  it.each(each)('%s has an example that fits its schema, in any namespace', (_name, type) => {
    for (const namespace of [NAMESPACE, { prefix: 'acme', partner: 'events.acme.example' }]) {
      const validator = Compile(eventSchema(type, namespace))
      expect(faultOf(validator, exampleOf(type, namespace))).toBeUndefined()
    }
    expect(faultOfFields(type, type.example)).toBeUndefined()
  })

  it.each(each)(
    '%s takes an event whose IDs have no names yet, and fields of a newer version',
    (_name, type) => {
      const gained = new Set(idsOf(type).flatMap(([, { gains }]) => Object.keys(gains)))
      const bare = Object.fromEntries(
        Object.entries(type.example).filter(([name]) => !gained.has(name)),
      )
      expect(faultOfFields(type, { ...bare, ofTomorrow: { any: ['thing'] } })).toBeUndefined()
    },
  )

  it.each(each)('%s refuses a value of a wrong type, with the path of the field', (_name, type) => {
    const valuesOf = Object.entries(type.example)
    fc.assert(
      fc.property(fc.constantFrom(...valuesOf), ([field, value]) => {
        const wrong = typeof value === 'object' ? 'text' : { an: 'object' }
        const fault = faultOfFields(type, { ...type.example, [field]: wrong })
        expect(fault).toMatch(new RegExp(`^"${field}[".]`))
      }),
    )
  })

  it('says where in an event something is wrong or missing', () => {
    const authentication = typeOf('UserAuthenticationEvent')
    const userID = '0194f0e2-5a3c-7b11-9d0e-0b1d3f5a7c9e'
    expect(faultOfFields(authentication, { userID, authMethod: 'Guess' })).toEqual(
      expect.stringMatching(/^"authMethod" must be one of Login, /),
    )
    expect(faultOfFields(authentication, { authMethod: 'Login' })).toBe('"userID" is missing')
    expect(faultOfFields(authentication, { userID: 'me', authMethod: 'Login' })).toBe(
      '"userID" must be a UUID, such as 0190f2c4-8d7e-7c1a-9b3f-2f6f0d1c5a7e',
    )
    const guardDuty = typeOf('GuardDutyUpdateEvent')
    const changed = structuredClone(guardDuty.example) as any
    changed.configuration.Features.S3_DATA_EVENTS.Enable = 'yes'
    expect(faultOfFields(guardDuty, changed)).toBe(
      '"configuration.Features.S3_DATA_EVENTS.Enable" must be boolean',
    )
    delete changed.configuration.Features.S3_DATA_EVENTS.Enable
    expect(faultOfFields(guardDuty, changed)).toBe(
      '"configuration.Features.S3_DATA_EVENTS.Enable" is missing',
    )
  })
})
