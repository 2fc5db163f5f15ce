import fc from 'fast-check'
import { expect, test } from 'vitest'

import { html } from './html.ts'

test('a value stays text, wherever it stands', () => {
  const unescaped = (text: string) =>
    text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_all, name: string) => {
      return { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }[name] as string
    })
  const text = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'amp;', 'a', '</b>') })
  fc.assert(
    fc.property(text, (value) => {
      const written = html`<b title="${value}">${[value]}</b>`.html
      const [, attribute = '', content = ''] =
        /^<b title="([^"<>']*)">([^<>]*)<\/b>$/.exec(written) ?? []
      expect([attribute, content].map(unescaped)).toEqual([value, value])
    }),
  )
})

test('HTML stays HTML', () => {
  expect(html`<p>${html`<b>${1}</b>`}${undefined}</p>`.html).toBe('<p><b>1</b></p>')
})
