import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrContains } from '../../../src/base/inet.ts';
import { formatIp } from '../../../src/base/inet-format.ts';
import { parseCidr } from '../../../src/base/inet-parse.ts';
import { labNetworks } from '../../../src/lab/networks.ts';
import { RecordType, ResponseCode, type DnsRecord } from '../../../src/lab/dns/dns-record.ts';
import { Zone } from '../../../src/lab/dns/zone.ts';
import { SAMPLE, sampleZone, service } from './sample-zone.ts';

type TypeName = keyof typeof RecordType;

function ask(zone: Zone, name: string, type: TypeName) {
  return zone.answer(name === '' ? [] : name.split('.'), RecordType[type]);
}

function show({ name, data }: DnsRecord): string {
  const owner = name === undefined ? '' : `${name} `;
  switch (data.type) {
    case 'address':
      return owner + formatIp(data.address);
    case 'SRV':
      return `${owner}${data.weight} ${data.port} ${data.target}`;
    case 'SOA':
      return `${owner}SOA`;
    case 'TXT':
      return owner + data.text;
    default:
      return `${owner}${data.type} ${data.target}`;
  }
}

/** `NXDOMAIN`, `NODATA`, or what is answered. */
function answered(zone: Zone, name: string, type: TypeName): readonly string[] | string {
  const { code, answers, authorities } = ask(zone, name, type);
  if (code === ResponseCode.noName) {
    expect(authorities.map(({ data }) => data.type)).toEqual(['SOA']);
    return answers.length === 0 ? 'NXDOMAIN' : answers.map(show);
  }
  expect(code).toBe(ResponseCode.ok);
  if (answers.length > 0) return answers.map(show);
  expect(authorities.map(({ data }) => data.type)).toEqual(['SOA']);
  return 'NODATA';
}

describe('names of the cluster', () => {
  const svc = 'svc.cluster.local';

  it.each<readonly [string, TypeName, readonly string[] | string]>([
    [`kubernetes.default.${svc}`, 'A', ['10.96.0.1']],
    [`kubernetes.default.${svc}`, 'AAAA', 'NODATA'],
    [`web.shop.${svc}`, 'A', ['10.96.0.20']],
    [`web.shop.${svc}`, 'AAAA', ['fd00:10:96::20']],
    [`web.shop.${svc}`, 'TXT', 'NODATA'],
    [`web.shop.${svc}`, 'SRV', [`50 80 web.shop.${svc}`, `50 53 web.shop.${svc}`]],
    [`_http._tcp.web.shop.${svc}`, 'SRV', [`100 80 web.shop.${svc}`]],
    [`_dns._udp.web.shop.${svc}`, 'SRV', [`100 53 web.shop.${svc}`]],
    [`_dns._tcp.web.shop.${svc}`, 'SRV', 'NXDOMAIN'],
    [`_http._tcp.web.shop.${svc}`, 'A', ['10.96.0.20']],
    [`a._http._tcp.web.shop.${svc}`, 'SRV', 'NXDOMAIN'],
    // Headless: ready ones only.
    [`db.shop.${svc}`, 'A', ['10.244.0.5', '10.244.4.6', '10.244.4.8']],
    [`db.shop.${svc}`, 'AAAA', ['fd00:10:244::5']],
    [`db-0.db.shop.${svc}`, 'A', ['10.244.0.5']],
    [`db-0.db.shop.${svc}`, 'AAAA', ['fd00:10:244::5']],
    [`db-1.db.shop.${svc}`, 'AAAA', 'NODATA'],
    [`db-2.db.shop.${svc}`, 'A', 'NXDOMAIN'],
    [`10-244-4-8.db.shop.${svc}`, 'A', ['10.244.4.8']],
    [
      `_sql._tcp.db.shop.${svc}`,
      'SRV',
      ['db-0', 'db-1', '10-244-4-8'].map((host) => `33 15432 ${host}.db.shop.${svc}`),
    ],
    [`empty.shop.${svc}`, 'A', 'NXDOMAIN'],
    // The search path, one after the other.
    [`web.default.${svc}`, 'A', 'NXDOMAIN'],
    [`web.${svc}`, 'A', 'NXDOMAIN'],
    [`web.cluster.local`, 'A', 'NXDOMAIN'],
    [`example.com.default.${svc}`, 'A', 'NXDOMAIN'],
    [`shop.${svc}`, 'A', 'NODATA'],
    [svc, 'A', 'NODATA'],
    ['cluster.local', 'A', 'NODATA'],
    ['cluster.local', 'SOA', ['SOA']],
    ['cluster.local', 'NS', ['NS ns.dns.cluster.local']],
    ['ns.dns.cluster.local', 'A', ['10.96.0.10']],
    ['dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['nothing.cluster.local', 'A', 'NXDOMAIN'],
    // Other names.
    [`other.shop.${svc}`, 'A', [`CNAME web.shop.${svc}`, `web.shop.${svc} 10.96.0.20`]],
    [`other.shop.${svc}`, 'CNAME', [`CNAME web.shop.${svc}`]],
    [`cloud.shop.${svc}`, 'CNAME', ['CNAME db.example.com']],
    [`gone.shop.${svc}`, 'A', [`CNAME nobody.shop.${svc}`]],
    [`x.other.shop.${svc}`, 'A', 'NXDOMAIN'],
    // Pods.
    ['10-244-0-5.shop.pod.cluster.local', 'A', ['10.244.0.5']],
    ['10-244-0-5.shop.pod.cluster.local', 'AAAA', 'NODATA'],
    ['fd00-10-244--5.shop.pod.cluster.local', 'AAAA', ['fd00:10:244::5']],
    ['10-244-0-5.nowhere.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['10-244-0-256.shop.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['x.10-244-0-5.shop.pod.cluster.local', 'A', 'NXDOMAIN'],
    // Addresses.
    ['20.0.96.10.in-addr.arpa', 'PTR', [`PTR web.shop.${svc}`]],
    ['5.0.244.10.in-addr.arpa', 'PTR', [`PTR db-0.db.shop.${svc}`]],
    ['8.4.244.10.in-addr.arpa', 'PTR', [`PTR 10-244-4-8.db.shop.${svc}`]],
    ['9.0.244.10.in-addr.arpa', 'PTR', ['PTR 10-244-0-9.shop.pod.cluster.local']],
    ['7.4.244.10.in-addr.arpa', 'PTR', 'NXDOMAIN'],
    ['0.0.96.10.in-addr.arpa', 'PTR', 'NXDOMAIN'],
    ['0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', 'PTR', [`PTR web.shop.${svc}`]],
    ['in-addr.arpa', 'PTR', 'NXDOMAIN'],
    ['', 'A', 'NXDOMAIN'],
  ])('%s %s', (name, type, answer) => {
    expect(answered(sampleZone(), name, type)).toEqual(answer);
  });

  it('SRV records come with addresses', () => {
    const { additionals } = ask(sampleZone(), `_sql._tcp.db.shop.${svc}`, 'SRV');
    expect(additionals.map(show)).toContain(`db-1.db.shop.${svc} 10.244.4.6`);
  });

  it('a circle of other names ends', () => {
    const answer = answered(sampleZone(), `circle.shop.${svc}`, 'A');
    expect(new Set(answer)).toEqual(
      new Set([`CNAME circle.shop.${svc}`, `circle.shop.${svc} CNAME circle.shop.${svc}`]),
    );
  });

  it('only what is there now', () => {
    const zone = sampleZone();
    zone.apply([{ kind: 'endpoints', key: 'shop/db-1', value: undefined }]);
    expect(answered(zone, `db.shop.${svc}`, 'A')).toBe('NODATA');
    zone.apply([{ kind: 'endpoints', key: 'shop/db-2', value: undefined }]);
    expect(answered(zone, `db.shop.${svc}`, 'A')).toBe('NXDOMAIN');
    expect(answered(zone, '5.0.244.10.in-addr.arpa', 'PTR')).toBe('NXDOMAIN');
    zone.apply([service('shop', 'db', { clusterIPs: ['10.96.0.30'] })]);
    expect(answered(zone, `db.shop.${svc}`, 'A')).toEqual(['10.96.0.30']);
    zone.apply([{ kind: 'service', key: 'shop/db', value: undefined }]);
    expect(answered(zone, `db.shop.${svc}`, 'A')).toBe('NXDOMAIN');
    zone.apply([{ kind: 'namespace', key: 'shop', value: undefined }]);
    expect(answered(zone, `web.shop.${svc}`, 'A')).toBe('NXDOMAIN');
    zone.clear();
    expect(answered(zone, `kubernetes.default.${svc}`, 'A')).toBe('NXDOMAIN');
  });

  it('a slice that changes its Service leaves the old one', () => {
    const zone = sampleZone();
    const value = {
      namespace: 'shop',
      service: 'empty',
      ports: [],
      endpoints: [{ addresses: ['10.244.0.7'], ready: true }],
    };
    zone.apply([{ kind: 'endpoints', key: 'shop/db-1', value }]);
    expect(answered(zone, `db.shop.${svc}`, 'A')).toBe('NODATA');
    expect(answered(zone, `empty.shop.${svc}`, 'A')).toEqual(['10.244.0.7']);
  });
});

describe('names of the world', () => {
  it.each(['example.com', 'api.github.com', 'www.google.de', 'sallyport.dev'])(
    '%s has always the same address',
    (name) => {
      const zone = sampleZone();
      const networks = labNetworks(1, 'dual');
      for (const [type, range] of [
        ['A', networks.namedWorld[0]],
        ['AAAA', networks.namedWorld[1]],
      ] as const) {
        const [record] = ask(zone, name, type).answers;
        const cidr = parseCidr(range ?? '')?.cidr;
        if (record?.data.type !== 'address' || cidr === undefined) throw new Error('no address');
        expect(cidrContains(cidr, record.data.address)).toBe(true);
        expect(ask(sampleZone(), name, type).answers).toEqual([record]);
      }
    },
  );

  it('different names have different addresses', () => {
    const names = Array.from({ length: 200 }, (_, index) => `host-${index}.example.com`);
    const addresses = new Set(names.map((name) => String(answered(sampleZone(), name, 'A'))));
    expect(addresses.size).toBeGreaterThan(195);
  });

  it.each(['web', 'web.shop', 'web.defautl', 'web.shop.svc', 'printer.local', 'a.invalid', 'exa mple.com', 'lab-1'])(
    '%s does not exist',
    (name) => {
      expect(answered(sampleZone(), name, 'A')).toBe('NXDOMAIN');
    },
  );

  it.each<readonly [string, TypeName, readonly string[] | string]>([
    ['localhost', 'A', ['127.0.0.1']],
    ['example.com', 'TXT', 'NODATA'],
  ])('%s %s', (name, type, answer) => {
    expect(answered(sampleZone(), name, type)).toEqual(answer);
  });

  it('without IPv6 has no IPv6 addresses', () => {
    expect(answered(sampleZone('ipv4'), 'example.com', 'AAAA')).toBe('NODATA');
  });
});

describe('hostile names', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.constantFrom(
      'svc',
      'pod',
      'cluster',
      'local',
      'shop',
      'db',
      'web',
      'circle',
      '_http',
      '_tcp',
      'arpa',
      'ip6',
      '__proto__',
    ),
    fc.constantFrom('in-addr', '10-244-0-5', '', '0', 'a'.repeat(63), 'constructor', 'dns', 'com'),
  );

  it('are answered like all others', () => {
    const zone = sampleZone();
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 0, max: 65_535 }), (labels, type) => {
        for (const end of [[], ['svc', 'cluster', 'local'], ['pod', 'cluster', 'local']]) {
          const { code } = zone.answer([...labels, ...end], type);
          expect([ResponseCode.ok, ResponseCode.noName]).toContain(code);
        }
      }),
    );
  });

  it('of Services and hosts do no harm', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.string()), (name, host, addresses) => {
        const zone = new Zone(labNetworks(1, 'dual'));
        zone.apply(SAMPLE);
        zone.apply([
          service('shop', name, { clusterIPs: addresses, externalName: host }),
          service('shop', host),
          {
            kind: 'endpoints',
            key: 'x',
            value: {
              namespace: 'shop',
              service: host,
              ports: [],
              endpoints: [{ addresses: ['10.244.0.99', ...addresses], hostname: name, ready: true }],
            },
          },
        ]);
        zone.answer(['svc', 'cluster', 'local'], 1);
        zone.answer([name, 'shop', 'svc', 'cluster', 'local'], 1);
        zone.answer([host, 'shop', 'svc', 'cluster', 'local'], 33);
        zone.answer('99.0.244.10.in-addr.arpa'.split('.'), 12);
      }),
    );
  });
});
