import { expect, test } from 'vitest'
import { flattenEvent } from './flatten-event.ts'
import type { ArrayElement } from './flatten-event.ts'

test('values are listed by their path in the order of the text', () => {
  const fields = flattenEvent('{"a":{"b":1,"c":[true,[null,"x"]]},"d":{},"e":[],"a.b":1e400}')
  const texts = [...(fields ?? [])].map(([path, values]) => [path, values.map(({ text }) => text)])
  expect(texts).toEqual([
    ['a.b', ['1', '1e400']],
    ['a.c', ['true', 'null', 'x']],
  ])
})

test('a value knows what it can be compared as', () => {
  const values = flattenEvent('{"a":[3e2,1e400,"10.0.0.1","3","true",true,null]}')?.get('a')
  expect(values?.map(({ kind, number, address }) => [kind, number, address])).toEqual([
    ['number', 300, undefined],
    ['number', undefined, undefined],
    ['string', undefined, '0A000001'],
    ['string', undefined, undefined],
    ['string', undefined, undefined],
    ['keyword', undefined, undefined],
    ['keyword', undefined, undefined],
  ])
})

test('a value knows the array elements around it', () => {
  const fields = flattenEvent('{"a":[0,{"b":[1,{"c":2}]},[3,[4]]],"d":{"e":[{"f":5}]}}')
  const around = (path: string) =>
    (fields?.get(path) ?? []).map(({ text, element }) => `${text} in ${elements(element)}`)
  expect(around('a')).toEqual(['0 in ', '3 in 0[2]', '4 in 2[1] 0[2]'])
  expect(around('a.b')).toEqual(['1 in 0[1]'])
  expect(around('a.b.c')).toEqual(['2 in 1[1] 0[1]'])
  expect(around('d.e.f')).toEqual(['5 in 4[0]'])
})

function elements(element: ArrayElement | undefined): string {
  const names: string[] = []
  for (let at = element; at !== undefined; at = at.outer) names.push(`${at.arrayId}[${at.index}]`)
  return names.join(' ')
}
