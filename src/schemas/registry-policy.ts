import { badRequest } from './faults.ts'

/** AWS's size of a resource policy. */
const POLICY_CHARACTERS_MAX = 20_480

/**
 * Checks the resource policy of a registry. Every call names a registry of its own account, so a
 * policy that grants something to others has nobody to grant it to yet; one that takes something
 * away would be believed to, and is refused.
 * @throws AwsError BadRequestException
 */
export function checkPolicy(text: string): void {
  if (text.length > POLICY_CHARACTERS_MAX) throw invalid('it is too long')
  for (const statement of statementsOf(text)) {
    const { Effect, Principal, Action, Resource } = statement
    if (Effect === 'Deny') throw invalid('Effect Deny is not supported by Belfry')
    if (Effect !== 'Allow') throw invalid('each statement needs an Effect, Allow or Deny')
    if (Principal === undefined) throw invalid('each statement needs a Principal')
    if (Action === undefined) throw invalid('each statement needs an Action')
    if (Resource === undefined) throw invalid('each statement needs a Resource')
  }
}

function statementsOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  const policy = parsed(text)
  const { Statement } = (isObject(policy) ? policy : {}) as { readonly Statement?: unknown }
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement]
  if (statements.length === 0) throw invalid('Statement is empty')
  return statements.map((statement) => {
    if (isObject(statement)) return statement
    throw invalid('it needs a Statement, which is an object or a list of objects')
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('it is not valid JSON')
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const invalid = (reason: string) => badRequest(`Policy is not valid. Reason: ${reason}.`)
