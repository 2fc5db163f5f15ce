import type { Permissions } from '#src/buses/permissions.ts'
import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { BOOLEAN, NOTHING, PLAIN_BUS_NAME, structure } from '../operation.ts'
import type { Call, OfBus, Operations } from '../operation.ts'
import { optional, required, string, textPattern } from '../shapes.ts'

interface PutPermissionInput extends OfBus {
  readonly Action?: string
  readonly Principal?: string
  readonly StatementId?: string
  readonly Condition?: { readonly Type: string; readonly Key: string; readonly Value: string }
  readonly Policy?: string
}

interface RemovePermissionInput extends OfBus {
  readonly StatementId?: string
  readonly RemoveAllPermissions?: boolean
}

const STATEMENT_ID = string({ min: 1, max: 64, pattern: textPattern('[a-zA-Z0-9-_]+') })
const OF_BUS = { EventBusName: optional(PLAIN_BUS_NAME) }

export function permissionOperations(permissions: Permissions): Operations {
  return {
    PutPermission: {
      permission: 'events:Write',
      input: structure({
        ...OF_BUS,
        Action: optional(string({ min: 1, max: 64, pattern: textPattern('events:[a-zA-Z]+') })),
        Principal: optional(
          string({ min: 1, max: 12, pattern: textPattern(String.raw`(\d{12}|\*)`) }),
        ),
        StatementId: optional(STATEMENT_ID),
        Condition: optional(
          structure({
            Type: required(string()),
            Key: required(string()),
            Value: required(string()),
          }),
        ),
        Policy: optional(string()),
      }),
      run: async (call, input: PutPermissionInput) => {
        const bus = ownBus(call, input)
        if (input.Policy === undefined) await permissions.grant(bus, grantFrom(input))
        else if (hasGrant(input)) {
          throw invalid(
            'Action, Principal, StatementId and Condition could not be combined with Policy parameter.',
          )
        } else await permissions.putPolicy(bus, input.Policy)
        return NOTHING
      },
    },
    RemovePermission: {
      permission: 'events:Write',
      input: structure({
        ...OF_BUS,
        StatementId: optional(STATEMENT_ID),
        RemoveAllPermissions: optional(BOOLEAN),
      }),
      run: async (call, input: RemovePermissionInput) => {
        const { StatementId: statementId, RemoveAllPermissions: all = false } = input
        const bus = ownBus(call, input)
        if (all && statementId !== undefined) {
          throw invalid('StatementId could not be combined with All parameter.')
        }
        if (all) await permissions.removeAll(bus)
        else if (statementId === undefined) {
          throw invalid('Parameter(s) StatementId must be specified.')
        } else await permissions.removeStatement(bus, statementId)
        return NOTHING
      },
    },
  }
}

function ownBus({ account, region }: Call, { EventBusName: name }: OfBus): BusAddress {
  return { account, region, name: name ?? DEFAULT_BUS }
}

function hasGrant({ Action, Principal, StatementId, Condition }: PutPermissionInput): boolean {
  return [Action, Principal, StatementId, Condition].some((given) => given !== undefined)
}

const ORGANISATION = /^o-[a-z0-9]{10,32}$/

function grantFrom({ Action, Principal, StatementId, Condition }: PutPermissionInput) {
  if (Action === undefined || Principal === undefined || StatementId === undefined) {
    throw invalid('Parameter(s) Action, Principal and StatementId must be specified.')
  }
  if (Action !== 'events:PutEvents') throw unsupported('action')
  if (Condition !== undefined) {
    if (Condition.Type !== 'StringEquals') throw unsupported('condition.type')
    if (Condition.Key !== 'aws:PrincipalOrgID') throw unsupported('condition.key')
    if (!ORGANISATION.test(Condition.Value)) throw unsupported('condition.value')
  }
  return { statementId: StatementId, principal: Principal, awsOrganizationId: Condition?.Value }
}

function unsupported(parameter: string): AwsError {
  return invalid(`Provided value in parameter '${parameter}' is not supported.`)
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
