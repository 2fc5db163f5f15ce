// Loaded before a hub (`node --import`): names below .test are asked of the test's name server.
// The hub resolves names as the system does, and where tests may run that cannot be changed.
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'

const inSystem = dns.lookup
const resolver = new dns.Resolver()
resolver.setServers([process.env['BELFRY_TEST_NAME_SERVER'] ?? ''])

/**
 * @param {string} name
 * @param {import('node:dns').LookupAllOptions} options
 */
async function lookup(name, options) {
  if (!name.endsWith('.test')) return inSystem(name, options)
  const [four, six] = await Promise.all([
    resolver.resolve4(name).catch(() => []),
    resolver.resolve6(name).catch(() => []),
  ])
  return [
    ...four.map((address) => ({ address, family: 4 })),
    ...six.map((address) => ({ address, family: 6 })),
  ]
}

Object.assign(dns, { lookup })
syncBuiltinESMExports()
