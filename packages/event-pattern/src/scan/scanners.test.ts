import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { NameTree } from './name-tree.ts'
import { PlainScanner } from './plain-scanner.ts'
import {
  ELEMENT,
  END,
  FIELD,
  KIND,
  KIND_LONG_NUMBER,
  KIND_NUMBER,
  KIND_STRING,
  START,
  VALUE_WORDS,
  arrayOf,
  doubleAt,
  indexOf,
  outerOf,
} from './scanned-event.ts'
import type { ScannedEvent, Scanner } from './scanned-event.ts'
import { WasmScanner } from './wasm-scanner.ts'

function newScanned(): ScannedEvent {
  return {
    bytes: new Uint8Array(),
    words: new Int32Array(),
    doubles: new Float64Array(),
    firstWord: 0,
    elementsEndWord: 0,
  }
}

const plainScanned = newScanned()
const wasmScanned = newScanned()
const plain = new PlainScanner(plainScanned)
const unused: Scanner = {
  scan: () => {
    throw new Error('the event was handed on')
  },
}
const wasm = WasmScanner.create(wasmScanned, unused)

const DECODER = new TextDecoder()
const ENCODER = new TextEncoder()

function names(...paths: readonly string[]): NameTree {
  const tree = new NameTree()
  for (const [index, path] of paths.entries()) tree.add(path, index + 1)
  return tree
}

/** The values in words of their own; undefined when the event was not one. */
function valuesOf(
  scanner: Scanner,
  scanned: ScannedEvent,
  event: string | Uint8Array,
  tree: NameTree,
) {
  const count = scanner.scan(event, tree, false)
  if (count === undefined) return undefined
  return Array.from({ length: count }, (_, index) => {
    const at = scanned.firstWord + index * VALUE_WORDS
    const { words } = scanned
    const kind = words[at + KIND] === KIND_LONG_NUMBER ? KIND_NUMBER : words[at + KIND]
    const isLong = words[at + KIND] === KIND_LONG_NUMBER
    return {
      field: words[at + FIELD],
      kind,
      text: DECODER.decode(scanned.bytes.slice(words[at + START], words[at + END])),
      hash: kind === KIND_STRING ? words[at + 4] : undefined,
      number: kind === KIND_NUMBER && !isLong ? doubleAt(scanned, at) : undefined,
      isLong,
      elements: elementsAround(scanned, words[at + ELEMENT] ?? 0),
    }
  })
}

function elementsAround(scanned: ScannedEvent, element: number): readonly number[] {
  if (element === 0) return []
  const outer = elementsAround(scanned, outerOf(scanned, element))
  return [...outer, arrayOf(scanned, element), indexOf(scanned, element)]
}

function expectSame(event: string | Uint8Array, tree: NameTree): void {
  const fast = wasm && valuesOf(wasm, wasmScanned, event, tree)
  const slow = valuesOf(plain, plainScanned, event, tree)
  // Numbers that the fast one leaves to be read from their text are compared as that.
  expect(fast?.map(({ isLong: _, ...value }) => value)).toEqual(
    slow?.map(({ isLong: _, ...value }, index) =>
      fast?.[index]?.isLong === true ? { ...value, number: undefined } : value,
    ),
  )
}

function isEvent(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const TREE = names(
  'a',
  'a.b',
  'a.b.c',
  'b',
  'b.a',
  'long name that takes more than sixteen bytes',
  'é',
)

const name = fc.constantFrom(
  'a',
  'b',
  'c',
  'a.b',
  'b.c',
  '',
  '.',
  'é',
  '"',
  '\\',
  'x'.repeat(70),
  'long name that takes more than sixteen bytes',
  'long name thatXtakes more than sixteen bytes',
)
const scalar = fc.oneof(
  fc.constantFrom('x', '', 'a b', 'é', '😀', '\ud800', '"', '\\', '\n', '{', '],', 'y'.repeat(90)),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(null, true, false, 0, -1.5, 122.47131609384562, 1e400),
)
const object = fc.letrec((tie) => ({
  object: fc.dictionary(name, tie('any'), { maxKeys: 6 }),
  any: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 3, arbitrary: scalar },
    { weight: 2, arbitrary: tie('object') },
    { weight: 1, arbitrary: fc.array(tie('any'), { maxLength: 5 }) },
  ),
})).object
const text = fc

  .tuple(object, fc.constantFrom(undefined, 1, '\t'), fc.boolean())
  .map(([event, space, escapes]) => {
    const written = JSON.stringify(event, undefined, space)
    // Escapes where none are needed, so that names and values have them.
    return escapes ? written.replaceAll('a', '\\u0061').replaceAll('/', '\\/') : written
  })
const RUNS = Number(process.env['BELFRY_PATTERN_PAIRS'] ?? 4_000)

describe('the scanners', () => {
  it('run, so that the comparisons compare', () => {
    expect(wasm).toBeDefined()
  })

  it('find the same values in any event, as text and as bytes', () => {
    fc.assert(
      fc.property(text, (event) => {
        const wellFormed = event.toWellFormed()
        expectSame(wellFormed, TREE)
        expectSame(ENCODER.encode(wellFormed), TREE)
        expectSame(wellFormed, names('nothing'))
      }),
      { numRuns: RUNS },
    )
  })

  it('take for an event what JSON.parse takes for an object, and nothing else', () => {
    const part = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      ' ',
      '\n',
      '-',
      '.',
      '0',
      '1',
      'e',
      'E',
      '+',
      '/',
      't',
      'true',
      'null',
      '\u0000',
      '\u001f',
      '"a"',
      '\\u00',
      '\\ud800',
      '""',
      '{}',
      '[]',
      'é',
      '1.',
      '00',
    )
    const change = fc.tuple(fc.nat(), fc.nat({ max: 3 }), part)
    const tree = names('nothing', 'a.b')
    let refused = 0
    fc.assert(
      fc.property(text, fc.array(change, { minLength: 1, maxLength: 2 }), (event, changes) => {
        let changed = event.toWellFormed()
        for (const [at, length, inserted] of changes) {
          const start = at % (changed.length + 1)
          changed = changed.slice(0, start) + inserted + changed.slice(start + length)
        }
        changed = changed.toWellFormed()
        const expected = isEvent(changed)
        if (!expected) refused += 1
        expect(plain.scan(changed, tree) !== undefined).toBe(expected)
        expect(wasm?.scan(changed, tree, false) !== undefined).toBe(expected)
        expect(() => wasm?.scan(changed, tree, true)).not.toThrow()
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBeGreaterThan(RUNS / 2)
  })

  it('skip a value alike wherever a block of 64 bytes cuts it', () => {
    const snippets = [
      '-12.5e+7',
      '123456789012345678901234567890',
      '1e5',
      '0.10',
      '-0',
      '01',
      '-01',
      '1.',
      '.5',
      '1.5.2',
      '1-2',
      '--1',
      '-',
      '1e',
      '1e+',
      '+1',
      '1/2',
      '0x1',
      'true',
      'false',
      'null',
      'tru',
      'truee',
      'nul l',
      '""',
      '"x"',
      '"\\n"',
      '"\\u00e9"',
      '"\\x"',
      '"é"',
      '"a b"',
      '"a\nb"',
      '"x"y',
      '"x""y"',
      '"',
      '{}',
      '[]',
      '{"a":1}',
      '{"a":{"b":[]}}',
      '{"a"}',
      '{"a":}',
      '{:1}',
      '{"a":1,}',
      '{,}',
      '{"a" 1}',
      '{"a"::1}',
      '{1:2}',
      '[1,]',
      '[,1]',
      '[1 2]',
      '[1}',
      '{"a":1]',
      ']',
      '}',
      '',
      ' ',
      ' 1 ',
      '1,2',
      '1,,2',
      '"a":1',
      'true false',
      `"${'z'.repeat(70)}"`,
      `{"${'z'.repeat(70)}":-1.25}`,
      `"${'z'.repeat(70)}`,
      `${'9'.repeat(70)}e5`,
      `-${'9'.repeat(70)}.${'0'.repeat(70)}`,
      `${'9'.repeat(70)}x`,
      '[[[[[[]]]]]]',
      '[{"a":[{"b":[]}]},{}]',
    ]
    const tree = names('nothing')
    const wrong: string[] = []
    for (const snippet of snippets) {
      for (let padding = 0; padding < 70; padding++) {
        const pad = 'p'.repeat(padding)
        for (const event of [
          `{"x":["${pad}",${snippet},1]}`,
          `{"x":{"${pad}":${snippet},"y":1}}`,
          `{"x":[0,${snippet}${' '.repeat(padding)},${padding}.5]}`,
        ]) {
          if ((wasm?.scan(event, tree, false) !== undefined) !== isEvent(event)) wrong.push(event)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('take half of a surrogate pair for a question mark, written or escaped', () => {
    for (const half of ['\ud83d', '\udc00', '\\ud83d']) {
      const event = `{"a":"x${half}y"}`
      expectSame(event, TREE)
      expect(valuesOf(plain, plainScanned, event, TREE)?.[0]?.text).toBe('x?y')
    }
    expect(valuesOf(plain, plainScanned, '{"a":"\\ud83d\\ude00"}', TREE)?.[0]?.text).toBe('😀')
  })

  it('refuse bytes that are not UTF-8', () => {
    // Without backslashes: an escape is for the tests above.
    const bytes = fc
      .uint8Array({ minLength: 1, maxLength: 6 })
      .map((content) => content.map((byte) => (byte === 0x5c ? 0xc3 : byte)))
    const fatal = new TextDecoder('utf-8', { fatal: true })
    const isUtf8 = (content: Uint8Array) => {
      try {
        fatal.decode(content)
        return !content.some((byte) => byte < 0x20 || byte === 0x22)
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(bytes, fc.boolean(), (content, isWanted) => {
        const event = new Uint8Array([
          ...ENCODER.encode(isWanted ? '{"a":"' : '{"skipped":["'),
          ...content,
          ...ENCODER.encode(isWanted ? '"}' : '"]}'),
        ])
        expect(wasm?.scan(event, TREE, false) !== undefined).toBe(isUtf8(content))
      }),
      { numRuns: RUNS },
    )
  })

  it('go a thousand levels deep, in what is wanted and in what is not', () => {
    for (const path of ['a', 'x']) {
      for (const [open, close] of [
        ['[', ']'],
        [`{"${path}":`, '}'],
      ] as const) {
        const nested = (levels: number) =>
          `{"${path}":${open.repeat(levels - 1)}1${close.repeat(levels - 1)}}`
        expectSame(nested(1_000), names('a.a.a', 'a'))
        expect(wasm?.scan(nested(1_000), names('a'), false)).toBeDefined()
        expect(wasm?.scan(nested(1_001), names('a'), false)).toBeUndefined()
        expect(plain.scan(nested(1_001), names('a'))).toBeUndefined()
      }
    }
  })

  it('hold as many values, elements and names as there are', () => {
    const event = JSON.stringify({
      a: Array.from({ length: 50_000 }, (_, index) => ({ b: index })),
    })
    expectSame(event, names('a.b'))
    const paths = Array.from({ length: 20_000 }, (_, index) => `detail.field-${index}.name`)
    const many = names(...paths)
    expectSame('{"detail":{"field-19999":{"name":1},"field-3.name":2,"field-x":3}}', many)
    // The tables of other trees have to make room and come back.
    expectSame('{"a":{"b":"x"}}', TREE)
    expectSame('{"detail":{"field-7":{"name":1}}}', many)
  })

  it('hand on what would take more memory than the fast one keeps', () => {
    const scanned = newScanned()
    const fast = WasmScanner.create(scanned, new PlainScanner(scanned))
    const large = JSON.stringify({ x: 'y'.repeat(1 << 24), a: 'found' })
    const small = '{"a":"small"}'
    if (fast === undefined) throw new Error('no WebAssembly')
    const textOf = (event: string) => valuesOf(fast, scanned, event, TREE)?.map((each) => each.text)
    expect(textOf(small)).toEqual(['small'])
    expect(textOf(large)).toEqual(['found'])
    expect(textOf(small)).toEqual(['small'])
  })
})
