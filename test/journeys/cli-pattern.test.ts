import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder } from '../hub-process.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const folder = newDataFolder()

const EVENTS = readFileSync(join(ROOT, 'samples/aws-events.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { event: Record<string, any> }).event)
const EC2 = EVENTS.find(
  (event) => event['detail-type'] === 'EC2 Instance State-change Notification',
)
const EVENT_FILE = written('event.json', JSON.stringify(EC2, undefined, 2))
const EVENTS_FILE = written(
  'events.ndjson',
  EVENTS.map((event) => JSON.stringify(event)).join('\n'),
)
const LATIN_FILE = written('latin.json', Buffer.from('{"a":["\xe9"]}', 'latin1'))
const MATCHING = '{"source":["aws.ec2"],"detail":{"instance-id":[{"prefix":"i-"}]}}'
const FAILING = '{"source":["aws.ec2"],"detail":{"instanceId":[{"prefix":"i-"}]}}'

interface Done {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `belfry pattern` as a user does, where no hub is. */
async function pattern(args: readonly string[], input: string | Uint8Array = ''): Promise<Done> {
  const child = spawn(process.execPath, ['belfry.mjs', 'pattern', ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      NO_COLOR: '1',
      BELFRY_DATA: folder,
      BELFRY_URL: 'http://127.0.0.1:4999',
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    },
  })
  child.stdin.on('error', () => undefined).end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ])
  return { status: child.exitCode, stdout, stderr }
}

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

afterAll(() => {
  removeDataFolder(folder)
})

describe('belfry pattern test', () => {
  it('ends with status 0 on a match and 1 on none', async () => {
    const match = await pattern(['test', '--pattern', MATCHING, '--event', EVENT_FILE])
    expect(match).toEqual({ status: 0, stdout: 'match: both fields fit\n', stderr: '' })
    const none = await pattern(['test', '--pattern', FAILING, '--event', EVENT_FILE])
    expect(none).toEqual({
      status: 1,
      stdout:
        'no match: detail.instanceId is missing; the pattern wants a string that starts with "i-"\n',
      stderr: '',
    })
  })

  it('takes the pattern or the event from standard input, also as Windows writes files', async () => {
    const byteOrderMark = '\ufeff'
    const event = await pattern(
      ['test', '--pattern', MATCHING, '--event', '-'],
      byteOrderMark + JSON.stringify(EC2),
    )
    expect(event.status).toBe(0)
    const patternFile = ['test', '--pattern', '-', '--event', EVENT_FILE]
    expect((await pattern(patternFile, byteOrderMark + MATCHING)).status).toBe(0)
    const both = await pattern(['test', '--pattern', '-', '--event', '-'], MATCHING)
    expect(both).toMatchObject({ status: 2, stdout: '' })
    expect(both.stderr).toContain('only one of the pattern and the event')
  })

  it('answers in JSON', async () => {
    const args = ['test', '--pattern', MATCHING, '--event', EVENT_FILE, '--json']
    expect(JSON.parse((await pattern(args)).stdout)).toEqual({
      matches: true,
      summary: 'match: both fields fit',
    })
  })

  it('writes the events that match, of many', async () => {
    const source = '{"source":["aws.guardduty"]}'
    const found = await pattern(['test', '--pattern', source, '--events', EVENTS_FILE])
    const expected = EVENTS.filter((event) => event['source'] === 'aws.guardduty')
    const events = found.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect({ status: found.status, events }).toEqual({ status: 0, events: expected })

    const none = await pattern(
      ['test', '--pattern', '{"source":["none"]}', '--events', '-'],
      '{"a":1}\n\n{}\n',
    )
    expect(none).toEqual({ status: 1, stdout: '', stderr: 'no match among 2 events\n' })
    const wrapped = await pattern(
      ['test', '--pattern', source, '--events', '-'],
      '{"event":{"source":"x"}}\n',
    )
    expect(wrapped.stderr).toContain(
      'hint: the event is inside "event": give that object by itself',
    )
    const broken = await pattern(['test', '--pattern', source, '--events', '-'], '{"a":1}\n{"a":\n')
    expect(broken).toMatchObject({ status: 2, stdout: '' })
    expect(broken.stderr).toContain('error: line 2: the event is not JSON')
  })
})

describe('belfry pattern test --events', () => {
  const args = ['test', '--pattern', '{"s":["x"]}', '--events', '-']

  it('ends lines at line feeds only, and writes those that match byte for byte', async () => {
    const lines = ['{"s": "x", "t":"\u2028\u2029\u0085"}\r', ' {"s":"x","n":1.0}\t', '{"s":"y"}']
    const { status, stdout, stderr } = await pattern(args, `\ufeff${lines.join('\n')}`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(`${lines[0]}\n${lines[1]}\n`)
  })

  it('puts lines together that come in several pieces', async () => {
    const line = JSON.stringify({ s: 'x', long: 'é'.repeat(300_000) })
    const { stdout } = await pattern(args, `${line}\n\n${line}`)
    expect(stdout).toBe(`${line}\n${line}\n`)
  })

  it('refuses a line that is not UTF-8 by its number', async () => {
    const invalid = Buffer.from('{"s":"x"}\n{"s":"x","t":"\xe9"}\n', 'latin1')
    const { status, stdout, stderr } = await pattern(args, invalid)
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '{"s":"x"}\n',
      stderr: 'error: line 2: the event is not text in UTF-8\n',
    })
  })
})

describe('belfry pattern explain', () => {
  it('tells field by field what was wanted and found', async () => {
    const args = ['explain', '--pattern', FAILING, '--event', EVENT_FILE]
    const { status, stdout, stderr } = await pattern(args)
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'no match: 1 of 2 fields fails',
      '',
      '  ✗ detail.instanceId is missing; the pattern wants a string that starts with "i-"',
      `    hint: did you mean detail.instance-id? The event has "${EC2?.['detail']['instance-id']}" there, which fits`,
      '  ✓ source is "aws.ec2"',
      '',
    ])
  })

  it('gives the whole explanation as JSON', async () => {
    const args = ['explain', '--pattern', FAILING, '--event', EVENT_FILE, '--json']
    const { status, stdout } = await pattern(args)
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      matches: false,
      alternatives: [
        { branches: [], fieldsFailing: 1, fields: [{ path: 'detail.instanceId' }, {}] },
      ],
    })
  })

  it('asks for no envelope', async () => {
    const { status } = await pattern(['explain', '--pattern', '{"a":[1]}', '--event', '{"a":1}'])
    expect(status).toBe(0)
  })
})

describe('what is not valid is shown at its place, with status 2', () => {
  it('a pattern', async () => {
    const file = written(
      'rule.json',
      '{\n  "source": ["aws.ec2"],\n  "detail": {"state": [{"prefx": "run"}]}\n}\n',
    )
    const { status, stdout, stderr } = await pattern([
      'test',
      '--pattern',
      file,
      '--event',
      EVENT_FILE,
    ])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      'error: the event pattern is not valid: Unrecognized match type prefx (InvalidEventPatternException)',
      `  --> ${file}:3:25`,
      '  |',
      '3 |   "detail": {"state": [{"prefx": "run"}]}',
      '  |                         ^^^^^^^',
      '  hint: did you mean "prefix"?',
      '',
    ])
  })

  it('an event', async () => {
    const { status, stderr } = await pattern(
      ['explain', '--pattern', MATCHING, '--event', '-'],
      '{"a":1,\n}',
    )
    expect(status).toBe(2)
    expect(stderr).toContain("error: the event is not JSON: Unexpected character ('}'")
    expect(stderr).toContain('--> standard input:2:1')
    expect(stderr).toContain('hint: no comma may stand before }')
    const bytes = written('bytes.json', Uint8Array.of(0x7b, 0xff, 0x7d))
    const notUtf8 = await pattern(['test', '--pattern', MATCHING, '--event', bytes])
    expect(notUtf8).toMatchObject({ status: 2, stderr: 'error: the event is not text in UTF-8\n' })
  })

  it.each([
    [
      'an option that is not known, before one that is missing',
      ['test', '--patern', 'x', '--event', EVENT_FILE],
      "unknown option '--patern'",
    ],
    [
      'a list as the pattern',
      ['test', '--pattern', '[1]', '--event', EVENT_FILE],
      'error: the event pattern is a JSON object ({...}), and this is none: [1]',
    ],
    [
      'an empty pattern',
      ['test', '--pattern', '', '--event', EVENT_FILE],
      'error: the event pattern is a JSON object ({...}), and nothing was given',
    ],
    [
      'a pattern that is not UTF-8',
      ['test', '--pattern', LATIN_FILE, '--event', EVENT_FILE],
      `error: the event pattern (${LATIN_FILE}) is not text in UTF-8`,
    ],
    [
      'pattern and event swapped',
      ['test', '--pattern', EVENT_FILE, '--event', MATCHING],
      'hint: this looks like an event: are --pattern and --event swapped?',
    ],
    ['no pattern', ['test', '--event', EVENT_FILE], "required option '--pattern <pattern>'"],
    ['no event', ['explain', '--pattern', MATCHING], "required option '--event <event>'"],
    [
      'neither one event nor many',
      ['test', '--pattern', MATCHING],
      'either --event, one event, or',
    ],
    [
      'a file that is not there',
      ['test', '--pattern', 'none.json', '--event', EVENT_FILE],
      '"none.json" is neither JSON',
    ],
    [
      'events that are not there',
      ['test', '--pattern', MATCHING, '--events', 'none'],
      'the events "none" cannot be read',
    ],
  ])('%s', async (_what, args, message) => {
    const done = await pattern(args)
    expect(done).toMatchObject({ status: 2, stdout: '' })
    expect(done.stderr).toContain(message)
  })
})
