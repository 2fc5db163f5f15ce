import type { Account } from '#src/model/tenancy.ts'
import { fields } from './output.ts'
import type { Column, Style } from './output.ts'
import { localMoment } from './terminal-text.ts'

/** Accounts as people see them. */

const COLOURS = {
  ACTIVE: 'green',
  CLOSED: 'dim',
  DISCOVERED: 'yellow',
  NONE: 'dim',
  SUSPENDED: 'yellow',
  UPDATING: 'yellow',
} as const satisfies Record<Account['status'] | Account['assuranceState'], Style>

export const ACCOUNT_COLUMNS: readonly Column<Account>[] = [
  { title: 'AWS ACCOUNT', text: ({ awsAccountId }) => awsAccountId, style: () => 'cyan' },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ accountRole }) => accountRole },
  { title: 'TYPE', text: ({ accountType }) => accountType, optional: true },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => COLOURS[status] },
  {
    title: 'ASSURANCE',
    text: ({ assuranceState }) => assuranceState,
    style: ({ assuranceState }) => COLOURS[assuranceState],
  },
]
export const ACCOUNT_ID_COLUMN: Column<Account> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

export function accountText(account: Account): string {
  const tags = Object.entries(account.tags).map(([key, value]) => `${key}=${value}`)
  return fields(
    {
      'AWS account': account.awsAccountId,
      name: account.name,
      role: account.accountRole,
      type: account.accountType,
      unit: account.organisationalUnitId ?? 'the root',
      tags: tags.length === 0 ? undefined : tags.join(' '),
      status: account.status,
      assurance: account.assuranceState,
      'closed by task': account.closingTaskId,
      id: account.id,
      organisation: account.organisationId,
      created: localMoment(account.createdAt),
      changed: localMoment(account.modifiedAt),
    },
    { 'AWS account': 'cyan' },
  )
}
