import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

import { createAwsCredentials } from './aws-credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'belfry-aws-'))
const file = join(folder, 'credentials')
const env = { AWS_SHARED_CREDENTIALS_FILE: file }
afterAll(() => rmSync(folder, { recursive: true }))

describe('AWS credentials', () => {
  it('come from the environment', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
    expect(await createAwsCredentials({ env: keys })()).toEqual({
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    })
    const session = { ...keys, AWS_SESSION_TOKEN: 'token' }
    expect(await createAwsCredentials({ env: session })()).toMatchObject({ sessionToken: 'token' })
  })

  it('come from a named profile, as its file says at the time', async () => {
    const credentials = createAwsCredentials({ env, profile: 'trail' })
    writeFileSync(
      file,
      '[other]\naws_access_key_id = no\n\n[ trail ]\n# why\naws_access_key_id = a\naws_secret_access_key=b=\n',
    )
    expect(await credentials()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b=' })
    writeFileSync(
      file,
      '[trail]\naws_access_key_id = c\naws_secret_access_key = d\naws_session_token = e\n',
    )
    expect(await credentials()).toEqual({
      ...{ accessKeyId: 'c', secretAccessKey: 'd', sessionToken: 'e' },
    })
  })

  it('that are missing are asked for, without a secret in the message', async () => {
    await expect(
      createAwsCredentials({ env: { AWS_SECRET_ACCESS_KEY: 'SECRET' } })(),
    ).rejects.toThrow(/^there are no AWS credentials: set AWS_ACCESS_KEY_ID and (?!.*SECRET$)/)
    writeFileSync(file, '[trail]\naws_secret_access_key = SECRET\n')
    await expect(createAwsCredentials({ env, profile: 'trail' })()).rejects.toThrow(
      `the file "${file}" has no access key for the profile "trail"`,
    )
    const nowhere = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'nowhere') }
    await expect(createAwsCredentials({ env: nowhere, profile: 'p' })()).rejects.toThrow(
      'cannot be read: make it, or set AWS_SHARED_CREDENTIALS_FILE',
    )
  })
})
