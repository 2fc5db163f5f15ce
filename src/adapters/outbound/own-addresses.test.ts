import { expect, it, vi } from 'vitest'

import { refusalOfAddress } from './address-policy.ts'

/** A machine that is on the Internet itself, as rented ones are. */
vi.mock('node:os', () => ({
  networkInterfaces: () => ({
    eth0: [
      { address: '8.8.4.4', family: 'IPv4' },
      { address: '2606:4700::beef', family: 'IPv6' },
    ],
    down: undefined,
  }),
}))

it.each(['8.8.4.4', '::ffff:8.8.4.4', '::ffff:808:404', '64:ff9b::808:404', '2606:4700::beef'])(
  'the public address "%s" of the machine itself is refused, like its loopback address',
  (address) => {
    const refusal = { what: 'address of this machine', isPrivateTarget: true }
    expect(refusalOfAddress(address, false)).toEqual(refusal)
    expect(refusalOfAddress(address, true)).toBeUndefined()
  },
)

it.each(['8.8.4.5', '2606:4700::beee'])('"%s" of the same network is allowed', (address) => {
  expect(refusalOfAddress(address, false)).toBeUndefined()
})
