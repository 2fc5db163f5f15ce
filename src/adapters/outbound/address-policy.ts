import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Why an address may not be dialled. */
export interface AddressRefusal {
  /** A noun phrase for messages: "private address". */
  readonly what: string
  /** Whether the operator can allow it by allowing private targets. */
  readonly isPrivateTarget: boolean
}

type Range = readonly [network: string, prefixBits: number]
type Refused = AddressRefusal & { readonly ranges: readonly Range[] }

/**
 * The first entry that matches names the reason. Sources: the IANA special-purpose address
 * registries (RFC 6890 and successors) for everything but the metadata services, which come from
 * the documentation of each cloud.
 */
const REFUSED: readonly Refused[] = [
  {
    what: 'cloud metadata address',
    isPrivateTarget: false,
    ranges: [
      // AWS, Azure, GCP, OCI, DigitalOcean, Hetzner, OpenStack (.254); AWS DNS and time (.253,
      // .123); ECS (170.2) and EKS (170.23) credentials: AWS reserves both blocks whole.
      ['169.254.169.0', 24],
      ['169.254.170.0', 24],
      ['169.254.42.42', 32], // Scaleway
      ['169.254.0.23', 32], // Tencent Cloud
      ['100.100.100.200', 32], // Alibaba Cloud
      ['192.0.0.192', 32], // Oracle Cloud, classic
      ['168.63.129.16', 32], // Azure host agent; the registries call it public
      ['fd00:ec2::', 32], // AWS: metadata ::254, EKS ::23, DNS ::253
      ['fd20:ce::254', 128], // GCP
      ['fd00:42::42', 128], // Scaleway
      ['fe80::a9fe:a9fe', 128], // OpenStack
    ],
  },
  {
    what: 'loopback address',
    isPrivateTarget: true,
    ranges: [
      ['127.0.0.0', 8],
      ['::1', 128],
    ],
  },
  {
    what: 'private address',
    isPrivateTarget: true,
    ranges: [
      ['10.0.0.0', 8],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      ['100.64.0.0', 10], // carrier-grade NAT; overlay networks such as Tailscale use it
      ['198.18.0.0', 15], // benchmarking; local container networks and fake-IP DNS use it
      ['fc00::', 7],
    ],
  },
  {
    what: 'link-local address',
    isPrivateTarget: true,
    ranges: [
      ['169.254.0.0', 16],
      ['fe80::', 10],
    ],
  },
  {
    what: 'reserved address',
    isPrivateTarget: false,
    ranges: [
      ['0.0.0.0', 8],
      ['192.0.0.0', 24],
      ['192.0.2.0', 24], // documentation, as are the next two
      ['198.51.100.0', 24],
      ['203.0.113.0', 24],
      ['192.88.99.0', 24], // 6to4 relay anycast, deprecated by RFC 7526
      ['224.0.0.0', 4], // multicast
      ['240.0.0.0', 4], // future use and broadcast
      // Protocol assignments, Teredo (2001::/32) and ORCHID among them. Teredo and 6to4 wrap an
      // IPv4 address, but nothing answers HTTP there any more: refused whatever they wrap.
      ['2001::', 23],
      ['2002::', 16], // 6to4
      ['2001:db8::', 32], // documentation
      ['3fff::', 20], // documentation
    ],
  },
]

/**
 * Where a public IPv6 address can be: global unicast, an IPv4-mapped address (judged as the IPv4
 * address) and the well-known NAT64 prefix (judged by the IPv4 address that it wraps; networks
 * with only IPv6 reach the rest of the world through it). All else is refused without a list:
 * ::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16, fec0::/10, ff00::/8 and what may yet be assigned.
 */
const ROUTABLE_IPV6 = blockListOf([
  ['2000::', 3],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
])

const UNROUTABLE: AddressRefusal = { what: 'reserved address', isPrivateTarget: false }
const UNPARSABLE: AddressRefusal = { what: 'not an IP address', isPrivateTarget: false }
// A service that listens on all addresses is often shielded from the world and not from here.
const OWN: AddressRefusal = { what: 'address of this machine', isPrivateTarget: true }

/** Reading the interfaces costs 150 µs; they seldom change. */
const INTERFACES_READ_EVERY_MS = 1_000

const REFUSED_EACH = REFUSED.map((refused) => ({ refused, list: blockListOf(refused.ranges) }))

// All in one list, so that a public address costs one look-up (2 µs) and not one per reason.
const REFUSED_ALL = blockListOf(REFUSED.flatMap((refused) => refused.ranges))

/**
 * Says why an address may not be dialled, or undefined when it may. The address is parsed by the
 * system's own parser, which also takes a zone ("fe80::1%eth0"); text that is none is refused.
 */
export function refusalOfAddress(
  address: string,
  allowPrivateTargets: boolean,
): AddressRefusal | undefined {
  const family = isIP(address)
  if (family === 0) return UNPARSABLE
  const type = family === 4 ? 'ipv4' : 'ipv6'
  if (!REFUSED_ALL.check(address, type)) {
    const isRoutable = type === 'ipv4' || ROUTABLE_IPV6.check(address, type)
    if (!isRoutable) return UNROUTABLE
    return !allowPrivateTargets && ownAddresses().check(address, type) ? OWN : undefined
  }
  const refusal = REFUSED_EACH.find(({ list }) => list.check(address, type))?.refused ?? UNROUTABLE
  return refusal.isPrivateTarget && allowPrivateTargets ? undefined : refusal
}

let own = new BlockList()
let ownReadAtMs = Number.NEGATIVE_INFINITY

function ownAddresses(): BlockList {
  const nowMs = performance.now()
  if (nowMs - ownReadAtMs < INTERFACES_READ_EVERY_MS) return own
  const found = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  own = blockListOf(found.map(({ address, family }) => [address, family === 'IPv4' ? 32 : 128]))
  ownReadAtMs = nowMs
  return own
}

/** An IPv4 range also covers its mapped form (node does that) and its form in NAT64. */
function blockListOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList()
  for (const [network, prefixBits] of ranges) {
    const isIpv4 = isIP(network) === 4
    list.addSubnet(network, prefixBits, isIpv4 ? 'ipv4' : 'ipv6')
    if (isIpv4) list.addSubnet(`64:ff9b::${network}`, 96 + prefixBits, 'ipv6')
  }
  return list
}
