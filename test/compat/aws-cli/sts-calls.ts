import { expect } from 'vitest'

import { ACCOUNTS } from '../../organisation.ts'
import { call, refused } from './call.ts'
import type { CliSubject } from './call.ts'

const roleOf = (account: string) => ({
  'role-arn': `arn:aws:iam::${account}:role/api_readonly`,
  'role-session-name': 'cli',
})
const ASSUMED = `arn:aws:sts::${ACCOUNTS.MEMBER}:assumed-role/api_readonly/cli`

/** Every operation of STS that the hub has. */
export const STS_CALLS: readonly CliSubject[] = [
  {
    subject: 'identities',
    calls: [
      call(
        'sts get-caller-identity',
        {},
        expect.objectContaining({ Account: ACCOUNTS.MEMBER, Arn: expect.any(String) }),
      ),
      call(
        'sts assume-role',
        roleOf(ACCOUNTS.MEMBER),
        expect.objectContaining({
          AssumedRoleUser: expect.objectContaining({ Arn: ASSUMED }),
          Credentials: expect.objectContaining({ SessionToken: expect.any(String) }),
        }),
      ),
      refused('sts assume-role', roleOf('999999999999'), 'AccessDenied', 'User: arn:aws:'),
    ],
  },
]
