import { expect, it } from 'vitest'

import { iniSections } from './aws-ini.ts'

it('reads sections with comments and spaces, and adds to one that comes again', () => {
  const text = [
    ...['stray = 1', '# a = b', '[one]', 'key = a=b ', '; c', '', '[ two ]', 'key=2'],
    ...['[one]', 'other = 3', '[empty]'],
  ]
  const sections = iniSections(text.join('\r\n'))
  const plain = [...sections].map(([title, settings]) => [title, Object.fromEntries(settings)])
  expect(Object.fromEntries(plain)).toEqual({
    one: { key: 'a=b', other: '3' },
    two: { key: '2' },
    empty: {},
  })
})
