import fc from 'fast-check'
import { expect, it } from 'vitest'

import { webhookPlaceOf, webhookPlacesAround } from './webhook-place.ts'

it.each([
  ['https://Hooks.example.com', 'https://hooks.example.com'],
  ['https://hooks.example.com:443/', 'https://hooks.example.com'],
  ['http://hooks.example.com:8080/a/', 'http://hooks.example.com:8080/a'],
  ['https://hooks.example.com/a/../b//', 'https://hooks.example.com/b'],
  ['https://hooks.example.com/a?x=/b/', 'https://hooks.example.com/a'],
])('%s is the place %s', (url, place) => {
  expect(webhookPlaceOf(url)).toBe(place)
})

it('a URL is in the places of its own path and of each that it is below, the narrowest first', () => {
  expect(webhookPlacesAround('https://h.example/a//b/c/?d=/e')).toEqual([
    'https://h.example/a//b/c',
    'https://h.example/a//b',
    'https://h.example/a',
    'https://h.example',
  ])
  expect(webhookPlacesAround('no URL')).toEqual([])
})

it('a URL is in a place when both have one origin and its path goes on after whole parts', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '%61', '')
  const origin = fc.constantFrom('https://h.example', 'https://h.example:8443', 'http://h.example')
  const query = fc.constantFrom('', '?', '?x=/a/b')
  const url = fc
    .tuple(origin, fc.array(part, { maxLength: 4 }), query)
    .map(([start, parts, end]) => `${start}/${parts.join('/')}${end}`)
  fc.assert(
    fc.property(url, url, (target, named) => {
      const [at, place] = [new URL(target), new URL(named)]
      const below = place.pathname.replace(/\/*$/, '/')
      const isIn = at.origin === place.origin && `${at.pathname}/`.startsWith(below)
      expect(webhookPlacesAround(target).includes(webhookPlaceOf(named))).toBe(isIn)
    }),
  )
})
