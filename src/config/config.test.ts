import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

import { HELP, readConfig } from './config.ts'
import type { Config } from './config.ts'
import { AWS_QUOTAS } from '#src/model/quotas.ts'

const read = (args: readonly string[], env: Record<string, string> = {}) =>
  readConfig(args, env) as Config

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(read([])).toEqual({
      host: '127.0.0.1',
      port: 4100,
      dataFolder: resolve('.belfry'),
      allowPrivateTargets: false,
      targets: {},
      busLogs: {
        folder: resolve('.belfry/bus-logs'),
        bytesMax: 64 * 1024 * 1024,
        totalBytesMax: 1024 ** 3,
      },
      namespace: { prefix: 'stax', partner: 'stax.io' },
      logLevel: 'warn',
      historyDays: 7,
      ruleSettlingSeconds: 600,
      trail: {
        target: { kind: 'folder', folder: resolve('.belfry/trail') },
        place: 'folder:trail#stax',
        format: 'ndjson',
        encryption: 'none',
        flushEveryMs: 60_000,
      },
      adminEmail: 'admin@localhost',
      trustedProxies: [],
      quotas: AWS_QUOTAS,
    })
  })

  const everything = {
    ...{ host: '0.0.0.0', port: 5, dataFolder: '/data', allowPrivateTargets: true },
    ...{ maxStoreBytes: 2_000_000, namespace: { prefix: 'acme', partner: 'acme.example' } },
    logLevel: 'debug',
    historyDays: 30,
    ruleSettlingSeconds: 30,
    targets: {
      aws: { endpoint: 'http://localhost:4566', profile: 'trail' },
      fileFolder: '/var/log/belfry',
    },
    busLogs: { folder: '/var/log/buses', bytesMax: 8_388_608, totalBytesMax: 16_777_216 },
    trail: {
      target: {
        ...{ kind: 's3', bucket: 'audit', prefix: 'a/b/', endpoint: 'https://s3.example.com' },
        ...{ region: 'eu-west-1', pathStyle: true, kmsKeyId: 'alias/k', awsProfile: 'trail' },
      },
      ...{ place: 's3://audit/a/b/#acme', format: 'both', encryption: 'aws:kms' },
      ...{ flushEveryMs: 5_000, retentionDays: 30 },
    },
    ...{ publicUrl: 'https://belfry.example.com', adminEmail: 'root@example.com' },
    trustedProxies: ['10.0.0.0/8', 'fd00::1'],
    quotas: { ...AWS_QUOTAS, rules: 500, 'pattern-size': 4096 },
  }

  it('takes every setting from a flag', () => {
    const flags = ['--host', '0.0.0.0', '--port=5', '--data', '/data', '--allow-private-targets']
    const more = ['--max-store-bytes', '2000000', '--event-namespace', 'acme']
    const rest = [
      '--partner',
      'acme.example',
      '--log-level',
      'debug',
      '--history-days=30',
      '--rule-settling-seconds=30',
    ]
    const trail = ['--trail', 's3://audit/a/b', '--trail-format', 'both', '--aws-profile', 'trail']
    const how = ['--trail-encryption', 'aws:kms', '--trail-kms-key', 'alias/k']
    const when = ['--trail-flush-seconds', '5', '--trail-retention-days', '30']
    const s3 = ['--trail-s3-endpoint', 'https://s3.example.com', '--trail-s3-region', 'eu-west-1']
    const signIn = ['--public-url', 'https://belfry.example.com/', '--admin-email']
    const last = ['root@example.com', '--trusted-proxy', '10.0.0.0/8, fd00::1']
    const aws = ['--aws-targets', 'on', '--aws-endpoint', 'http://localhost:4566']
    const targets = [...aws, '--file-targets', '/var/log/belfry']
    const logs = [
      '--bus-logs',
      '/var/log/buses',
      '--bus-log-bytes',
      '8388608',
      '--bus-logs-total-bytes=16777216',
    ]
    const all = [...flags, ...more, ...rest, ...trail, ...how, ...when, ...s3, ...signIn, ...last]
    const quota = ['--quota', 'rules=500, pattern-size=4096']
    const others = [...targets, ...logs, ...quota, '--trail-s3-path-style']
    expect(read([...all, ...others])).toEqual(everything)
  })

  it('takes every setting from the environment', () => {
    const env = {
      ...{ BELFRY_HOST: '0.0.0.0', BELFRY_PORT: '5', BELFRY_DATA: '/data' },
      ...{ BELFRY_ALLOW_PRIVATE_TARGETS: 'true', BELFRY_MAX_STORE_BYTES: '2000000' },
      ...{ BELFRY_EVENT_NAMESPACE: 'acme', BELFRY_PARTNER: 'acme.example' },
      ...{ BELFRY_LOG_LEVEL: 'debug', BELFRY_TRAIL: 's3://audit/a/b/' },
      ...{ BELFRY_TRAIL_FORMAT: 'both', BELFRY_TRAIL_ENCRYPTION: 'aws:kms' },
      ...{ BELFRY_TRAIL_KMS_KEY: 'alias/k', BELFRY_TRAIL_FLUSH_SECONDS: '5' },
      ...{ BELFRY_TRAIL_RETENTION_DAYS: '30', BELFRY_TRAIL_S3_REGION: 'eu-west-1' },
      ...{ BELFRY_TRAIL_S3_ENDPOINT: 'https://s3.example.com', BELFRY_AWS_PROFILE: 'trail' },
      ...{ BELFRY_TRAIL_S3_PATH_STYLE: 'true', BELFRY_HISTORY_DAYS: '30' },
      BELFRY_RULE_SETTLING_SECONDS: '30',
      ...{ BELFRY_AWS_TARGETS: 'on', AWS_ENDPOINT_URL: 'http://localhost:4566' },
      BELFRY_FILE_TARGETS: '/var/log/belfry',
      ...{ BELFRY_BUS_LOGS: '/var/log/buses', BELFRY_BUS_LOG_BYTES: '8388608' },
      BELFRY_BUS_LOGS_TOTAL_BYTES: '16777216',
      ...{ BELFRY_PUBLIC_URL: 'https://belfry.example.com' },
      ...{
        BELFRY_QUOTA: 'rules=500,pattern-size=4096',
        BELFRY_ADMIN_EMAIL: 'root@example.com',
        BELFRY_TRUSTED_PROXY: '10.0.0.0/8,fd00::1',
      },
    }
    expect(read([], env)).toEqual(everything)
  })

  it('refuses a port that clients would not connect to', () => {
    expect(() => read(['--port', '4190'])).toThrow(/--port 4190 is a port that browsers/)
    expect(read(['--port', '4191']).port).toBe(4191)
  })

  it('takes a mail server, with the port of its kind of TLS', () => {
    const host = ['--smtp-host', 'mail.internal', '--smtp-from', 'Belfry <belfry@example.com>']
    const from = 'Belfry <belfry@example.com>'
    expect(read(host).mail).toEqual({ host: 'mail.internal', port: 587, tls: 'starttls', from })
    const more = ['--smtp-tls', 'implicit', '--smtp-user', 'u', '--smtp-password-file', '/p']
    expect(read([...host, ...more, '--smtp-ca', '/ca.pem']).mail).toEqual({
      ...{ host: 'mail.internal', port: 465, tls: 'implicit', from },
      ...{ user: 'u', passwordFile: '/p', caFile: '/ca.pem' },
    })
    expect(read([...host, '--smtp-port', '2525', '--smtp-tls=none']).mail).toMatchObject({
      port: 2525,
    })
    const env = { BELFRY_SMTP_HOST: 'h', BELFRY_SMTP_FROM: 'a@b.de' }
    expect(read([], env).mail).toMatchObject({ host: 'h', from: 'a@b.de' })
  })

  it.each([
    [['--smtp-user', 'u'], '--smtp-user says nothing without --smtp-host'],
    [['--smtp-host', 'h'], '--smtp-host needs --smtp-from'],
    [['--smtp-host', 'h', '--smtp-from', 'b'], '--smtp-from must be an e-mail address'],
    [
      ['--smtp-host', 'h', '--smtp-from', 'a@b\r\nBcc: c@d'],
      '--smtp-from must be an e-mail address',
    ],
    [
      ['--smtp-host', 'h/x', '--smtp-from', 'a@b'],
      '--smtp-host must be the name or address of a server',
    ],
    [
      ['--smtp-host', 'h', '--smtp-from', 'a@b', '--smtp-password-file', 'p'],
      'without --smtp-user',
    ],
    [
      ['--smtp-host', 'h', '--smtp-from', 'a@b', '--smtp-tls', 'none', '--smtp-user', 'u'],
      'in the clear',
    ],
  ])('refuses a mail server of %j', (args, words) => {
    expect(() => read(args)).toThrow(words)
  })

  it('prefers a flag to the environment', () => {
    expect(read(['--port', '7'], { BELFRY_PORT: '8' }).port).toBe(7)
    expect(
      read(['--allow-private-targets'], { BELFRY_ALLOW_PRIVATE_TARGETS: 'false' })
        .allowPrivateTargets,
    ).toBe(true)
  })

  it('lets targets in AWS have a profile where the trail has no use for one', () => {
    const { targets, trail } = read(['--aws-targets', 'on', '--aws-profile', 'p', '--trail', 'off'])
    expect([targets, trail]).toEqual([{ aws: { profile: 'p' } }, undefined])
  })

  it('heeds AWS_ENDPOINT_URL, which other programs read too, for targets in AWS alone', () => {
    expect(read([], { AWS_ENDPOINT_URL: 'http://localhost:4566' }).targets).toEqual({})
  })

  it.each([
    ['0', false],
    ['false', false],
    ['', false],
    ['1', true],
    ['true', true],
  ])('reads BELFRY_ALLOW_PRIVATE_TARGETS="%s" as %s', (text, allowed) => {
    expect(read([], { BELFRY_ALLOW_PRIVATE_TARGETS: text }).allowPrivateTargets).toBe(allowed)
  })

  it('takes the edges of numbers', () => {
    expect(read(['--port', '0']).port).toBe(0)
    expect(read(['--port', '65535']).port).toBe(65_535)
    expect(read(['--max-store-bytes', '1048576']).maxStoreBytes).toBe(1_048_576)
  })

  it.each([
    ['--port', '65536', '--port must be a whole number from 0 to 65535, not "65536"'],
    ['--aws-targets', 'yes', '--aws-targets must be one of off, on, not "yes"'],
    ['--aws-endpoint', 'http://x', '--aws-endpoint says nothing without --aws-targets on'],
    ['--port', 'http', '--port must be a whole number from 0 to 65535, not "http"'],
    ['--port', '4.5', '--port must be a whole number from 0 to 65535, not "4.5"'],
    ['--port', '1e3', '--port must be a whole number from 0 to 65535, not "1e3"'],
    ['--max-store-bytes', '1048575', /^--max-store-bytes must be a whole number from 1048576 to /],
    ['--bus-log-bytes', '8388607', /^--bus-log-bytes must be a whole number from 8388608 to /],
    [
      '--bus-logs-total-bytes',
      '134217727',
      /^--bus-logs-total-bytes must be a whole number from 134217728 to /,
    ],
    ['--event-namespace', 'Stax', /^--event-namespace must be a word of .+, not "Stax"$/],
    ['--event-namespace', 'a.b', /^--event-namespace must be a word of .+, not "a.b"$/],
    ['--partner', 'a/b', /^--partner must be lower case letters.+, not "a\/b"$/],
    ['--public-url', 'belfry.example.com', /^--public-url must be an address such as https:/],
    ['--public-url', 'https://a.example/?x', /^--public-url must be an address such as https:/],
    ['--admin-email', 'nobody', /^--admin-email must be an e-mail address.+, not "nobody"$/],
    ['--trusted-proxy', '10.0.0.1,proxy', /^--trusted-proxy must be IP .+, not "proxy"$/],
    ['--trusted-proxy', '999.1.1.1', /^--trusted-proxy must be IP .+, not "999\.1\.1\.1"$/],
    ['--trusted-proxy', '10.0.0.0/33', /^--trusted-proxy must be IP .+, not "10\.0\.0\.0\/33"$/],
    ['--trusted-proxy', '0.0.0.0/0', /^--trusted-proxy must be IP .+, not "0\.0\.0\.0\/0"$/],
    ['--trusted-proxy', '::/0', /^--trusted-proxy must be IP .+, not "::\/0"$/],
    ['--trusted-proxy', 'fd00::/129', /^--trusted-proxy must be IP .+, not "fd00::\/129"$/],
    ['--trusted-proxy', '10.0.0.0/8/8', /^--trusted-proxy must be IP .+, not "10\.0\.0\.0\/8\/8"$/],
    ['--trusted-proxy', '1:2', /^--trusted-proxy must be IP .+, not "1:2"$/],
    ['--quota', 'rules', /^--quota rules must be a whole number from 1 to 1000000, not ""$/],
    ['--quota', 'rules=0', /^--quota rules must be a whole number from 1 to 1000000, not "0"$/],
    ['--quota', 'rules=1=2', /^--quota must be name=number with one of .+, not "rules=1=2"$/],
    ['--quota', 'targets=9,rule=1', /with one of event-buses, rules, .+, not "rule=1"$/],
    ['--quota', 'put-events-rate=0', /^--quota put-events-rate .+ from 1 to 1000000, not "0"$/],
    ['--quota', 'pattern-size=4097', /^--quota pattern-size .+ from 1 to 4096, not "4097"$/],
    ['--log-level', 'loud', /^--log-level must be one of trace, .+ silent, not "loud"$/],
  ])('refuses %s %s and says what it may be', (flag, text, message) => {
    expect(() => read([flag, text])).toThrow(message)
  })

  it('refuses a flag that is none, and a word that belongs to no flag', () => {
    expect(() => read(['--prot', '1'])).toThrow('--prot')
    expect(() => read(['4100'])).toThrow('4100')
    expect(() => read([], { BELFRY_ALLOW_PRIVATE_TARGETS: 'yes' })).toThrow(
      '--allow-private-targets must be true or false, not "yes"',
    )
  })
})

describe('the trail’s settings', () => {
  it('take a folder, buckets of their own, or nothing', () => {
    const folder = read(['--data', '/data', '--trail', '/audit']).trail
    expect(folder).toMatchObject({
      target: { kind: 'folder', folder: '/audit' },
      place: 'folder:/audit#stax',
    })
    expect(read(['--trail', 's3://']).trail).toMatchObject({
      target: { kind: 's3', prefix: '', region: 'us-east-1', pathStyle: false },
      place: 's3:///#stax',
    })
    expect(read(['--trail', 'off']).trail).toBeUndefined()
    const off = {
      BELFRY_TRAIL: 'off',
      BELFRY_TRAIL_FORMAT: '',
      BELFRY_TRAIL_S3_PATH_STYLE: 'false',
    }
    expect(read([], off).trail).toBeUndefined()
  })

  it('name a place inside the data folder alike wherever the data folder is', () => {
    expect(read(['--data', '/a']).trail?.place).toBe(read(['--data', '/b']).trail?.place)
    expect(read(['--data', '/a', '--trail', '/a/t']).trail?.place).toBe('folder:t#stax')
  })

  it.each([
    [['--trail', 's3://B'], /^--trail must be s3:.+bucket.+, not "B"$/],
    [['--trail', 's3:///prefix'], 'needs a bucket'],
    [['--trail', 's3://bucket/a//b'], /^--trail must be of a prefix .+, not "a\/\/b"$/],
    [['--trail', 's3://bucket/../b'], /^--trail must be of a prefix .+, not "..\/b"$/],
    [['--trail', 's3://', '--event-namespace', 'averylongname'], 'too long for S3'],
    [['--trail-format', 'csv'], '--trail-format must be one of ndjson, parquet, both'],
    [['--trail-encryption', 'rot13'], '--trail-encryption must be one of none, client'],
    [['--trail-encryption', 'AES256'], 'for a trail in a folder choose client or none'],
    [['--trail', 'S3://bucket'], '--trail must be a folder, s3://, s3://BUCKET/PREFIX or off'],
    [['--trail', 'https://bucket'], '--trail must be a folder, s3://'],
    [
      ['--trail', 'off', '--trail-format', 'ndjson'],
      '--trail-format says nothing with --trail off',
    ],
    [
      ['--trail', 'off', '--trail-retention-days', '9'],
      'with --trail off: leave it out (or BELFRY_',
    ],
    [['--trail', 'off', '--aws-profile', 'p'], '--aws-profile says nothing with --trail off'],
    [
      ['--trail', 's3://bucket', '--trail-s3-region', 'EU West'],
      '--trail-s3-region must be the name of a region',
    ],
    [['--trail-kms-key', 'k'], 'is for a trail in S3'],
    [['--trail-s3-region', 'eu-west-1'], '--trail-s3-region is for a trail in S3'],
    [['--trail-s3-path-style'], '--trail-s3-path-style is for a trail in S3'],
    [['--aws-profile', 'p'], '--aws-profile is for a trail in S3'],
    [['--trail', 's3://bucket', '--trail-kms-key', 'k'], 'goes with --trail-encryption aws:kms'],
    [['--trail', 's3://bucket', '--trail-s3-endpoint', 'ftp://x'], 'must be a URL such as'],
    [['--trail', 's3://bucket', '--trail-s3-endpoint', 'https://x/y'], 'must be a URL such as'],
    [['--trail-flush-seconds', '0'], 'must be a whole number from 1 to 3600'],
    [['--trail-retention-days', '0'], 'must be a whole number from 1 to 36500'],
  ])('refuse %j and say what to do', (flags, message) => {
    expect(() => read(flags)).toThrow(message)
  })
})

describe('help', () => {
  it.each([['--help'], ['-h']])('is what %s asks for', (flag) => {
    expect(readConfig([flag], {})).toBe('help')
  })

  it('mentions every setting with its variable and default', () => {
    for (const [flag, variable, shown] of [
      ['--port NUMBER', 'BELFRY_PORT', '(default: 4100)'],
      ['--host ADDRESS', 'BELFRY_HOST', '(default: 127.0.0.1)'],
      ['--data FOLDER', 'BELFRY_DATA', '(default: .belfry)'],
      ['--allow-private-targets', 'BELFRY_ALLOW_PRIVATE_TARGETS', ''],
      ['--aws-targets on|off', 'BELFRY_AWS_TARGETS', '(default: off)'],
      ['--aws-endpoint URL', 'AWS_ENDPOINT_URL', ''],
      ['--file-targets FOLDER', 'BELFRY_FILE_TARGETS', ''],
      ['--max-store-bytes BYTES', 'BELFRY_MAX_STORE_BYTES', ''],
      ['--event-namespace NAME', 'BELFRY_EVENT_NAMESPACE', '(default: stax)'],
      ['--partner NAME', 'BELFRY_PARTNER', '(default: stax.io)'],
      ['--public-url URL', 'BELFRY_PUBLIC_URL', ''],
      ['--admin-email E-MAIL', 'BELFRY_ADMIN_EMAIL', '(default: admin@localhost)'],
      ['--trusted-proxy ADDRESSES', 'BELFRY_TRUSTED_PROXY', ''],
      ['--quota NAME=NUMBER,...', 'BELFRY_QUOTA', 'targets of a rule, 5'],
      [
        '--quota NAME=NUMBER,...',
        'BELFRY_QUOTA',
        'calls of PutEvents by an account in a region in a second, not limited',
      ],
      ['--log-level LEVEL', 'BELFRY_LOG_LEVEL', '(default: warn)'],
      ['--cost-folder FOLDER', 'BELFRY_COST_FOLDER', 'below the folder of its id in this one'],
      ['--trail PLACE', 'BELFRY_TRAIL', '(default: trail in the data folder)'],
      ['--trail-format FORMAT', 'BELFRY_TRAIL_FORMAT', '(default: ndjson)'],
      ['--trail-encryption KIND', 'BELFRY_TRAIL_ENCRYPTION', '(default: none)'],
      ['--trail-kms-key KEY', 'BELFRY_TRAIL_KMS_KEY', ''],
      ['--trail-flush-seconds NUMBER', 'BELFRY_TRAIL_FLUSH_SECONDS', '(default: 60)'],
      ['--trail-retention-days NUMBER', 'BELFRY_TRAIL_RETENTION_DAYS', '(default: keep'],
      ['--trail-s3-endpoint URL', 'BELFRY_TRAIL_S3_ENDPOINT', ''],
      ['--trail-s3-region REGION', 'BELFRY_TRAIL_S3_REGION', '(default: us-east-1)'],
      ['--trail-s3-path-style', 'BELFRY_TRAIL_S3_PATH_STYLE', ''],
      ['--aws-profile NAME', 'BELFRY_AWS_PROFILE', ''],
    ] as const) {
      const lines = HELP.split('\n')
      const at = lines.indexOf(`  ${flag}   ${variable}`)
      expect(at, `${flag} in the help`).toBeGreaterThan(0)
      expect(lines[at + 1]).toMatch(/^ {6}\S/)
      expect(lines[at + 1]).toContain(shown)
    }
  })

  it('knows every variable that there is', () => {
    const variables = HELP.match(/BELFRY_[A-Z0-9_]+/g) ?? []
    expect(variables).toHaveLength(38)
    expect(HELP).toContain('--help')
  })
})
