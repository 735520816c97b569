import { labNetworks, type IpFamily } from '../../../src/lab/networks.ts';
import { Zone } from '../../../src/lab/dns/zone.ts';
import type { ZoneChange, ZoneService } from '../../../src/lab/dns/zone-data.ts';

export function service(namespace: string, name: string, more: Partial<ZoneService> = {}): ZoneChange {
  const value = { namespace, name, clusterIPs: [], ports: [], ...more };
  return { kind: 'service', key: `${namespace}/${name}`, value };
}

const http = { name: 'http', protocol: 'TCP', port: 80 } as const;
const dns = { name: 'dns', protocol: 'UDP', port: 53 } as const;

export const SAMPLE: readonly ZoneChange[] = [
  { kind: 'namespace', key: 'default', value: true },
  { kind: 'namespace', key: 'shop', value: true },
  service('default', 'kubernetes', {
    clusterIPs: ['10.96.0.1'],
    ports: [{ name: 'https', protocol: 'TCP', port: 443 }],
  }),
  service('shop', 'web', { clusterIPs: ['10.96.0.20', 'fd00:10:96::20'], ports: [http, dns] }),
  service('shop', 'db', { ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }] }),
  service('shop', 'empty'),
  service('shop', 'cloud', { externalName: 'db.example.com' }),
  service('shop', 'other', { externalName: 'web.shop.svc.cluster.local.' }),
  service('shop', 'circle', { externalName: 'circle.shop.svc.cluster.local' }),
  service('shop', 'gone', { externalName: 'nobody.shop.svc.cluster.local' }),
  {
    kind: 'endpoints',
    key: 'shop/db-1',
    value: {
      namespace: 'shop',
      service: 'db',
      ports: [{ name: 'sql', protocol: 'TCP', port: 15432 }],
      endpoints: [
        { addresses: ['10.244.0.5'], hostname: 'db-0', ready: true },
        { addresses: ['10.244.4.6'], hostname: 'db-1', ready: true },
        { addresses: ['10.244.4.7'], hostname: 'db-2', ready: false },
        { addresses: ['10.244.4.8'], ready: true },
      ],
    },
  },
  {
    kind: 'endpoints',
    key: 'shop/db-2',
    value: {
      namespace: 'shop',
      service: 'db',
      ports: [{ name: 'sql', protocol: 'TCP', port: 15432 }],
      endpoints: [{ addresses: ['fd00:10:244::5'], hostname: 'db-0', ready: true }],
    },
  },
  { kind: 'pod', key: 'shop/web-1', value: { namespace: 'shop', name: 'web-1', addresses: ['10.244.0.9'] } },
];

export function sampleZone(family: IpFamily = 'dual'): Zone {
  const zone = new Zone(labNetworks(1, family));
  zone.apply(SAMPLE);
  return zone;
}
