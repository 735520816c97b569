/** Policy sets without faults in many spellings, and each with one fault: what every rule says was looked at. */
import { describe, expect, it } from 'vitest';
import { allRules } from '../../src/rules/all-rules.ts';
import { runRules } from '../../src/rules/audit.ts';
import { contextOf } from './rule-tester.ts';
import { sensibleSets } from './sensible-sets.ts';

const rules = allRules.map((rule) => ({ rule }));
const sets = sensibleSets();

/** `rule object`, each once, sorted. */
function findings(yaml: string): readonly string[] {
  const found = runRules(contextOf(yaml, { today: '2026-01-01' }), rules);
  return [...new Set(found.map(({ rule, object }) => `${rule.name} ${object ?? ''}`))].sort();
}

it('nothing is wrong with sets that have no faults', () => {
  expect(sets.length).toBe(160);
  for (const { name, yaml } of sets) expect([name, findings(yaml)]).toEqual([name, []]);
});

interface Fault {
  readonly name: string;
  readonly from: string | RegExp;
  readonly to: string;
  /** What is said of every set that has the text; `*` stands for the kind of a workload. */
  readonly says: readonly string[];
  /** What is said besides in some of them. */
  readonly some?: readonly string[];
}

/** Text in the line of one policy's spec. */
function within(policy: string, namespace: string, text: string): RegExp {
  return new RegExp(`(?<=name: ${policy}, namespace: ${namespace}, [^\\n]*\\n[^\\n]*)${text}`);
}

/** Whole policies. */
function policies(name: string, flags = ''): RegExp {
  return new RegExp(
    `---\\napiVersion: [^\\n]*\\nkind: NetworkPolicy\\nmetadata: \\{ name: ${name}[^\\n]*\\n[^\\n]*\\n`,
    flags,
  );
}

const bothProtocols = /port: 53, protocol: UDP \}, \{ port: 53, protocol: TCP/g;
const anyCaller = within('db-from-api', 'data', 'from: \\[[^\\n]*\\], (?=ports)');

const faults: readonly Fault[] = [
  {
    name: 'lookups over TCP alone',
    from: bothProtocols,
    to: 'port: 53',
    says: ['data', 'edge', 'shop'].map((name) => `dns-without-udp ${name}/NetworkPolicy/lookups`),
  },
  {
    name: 'lookups over UDP alone',
    from: bothProtocols,
    to: 'port: 53, protocol: UDP',
    says: ['data', 'shop'].map((name) => `dns-without-tcp ${name}/NetworkPolicy/lookups`),
    some: ['dns-without-tcp edge/NetworkPolicy/lookups'],
  },
  {
    name: 'no lookups',
    from: policies('lookups', 'g'),
    to: '',
    says: ['egress-without-dns shop/NetworkPolicy/web-to-api'],
    some: [
      'edge/NetworkPolicy/prometheus',
      'edge/NetworkPolicy/proxy',
      'shop/NetworkPolicy/api-out',
      'shop/NetworkPolicy/api-to-db',
    ].map((id) => `egress-without-dns ${id}`),
  },
  {
    name: 'another label',
    from: within('db-from-api', 'data', 'app: db'),
    to: 'app: dbs',
    says: ['declared-need-denied shop/*/api', 'selects-no-pod data/NetworkPolicy/db-from-api'],
    some: ['one-sided-allow shop/NetworkPolicy/api-to-db'],
  },
  {
    name: 'another namespace',
    from: within('api-to-db', 'shop', 'metadata.name: data'),
    to: 'metadata.name: dta',
    says: ['declared-need-denied shop/*/api', 'peer-selects-nothing shop/NetworkPolicy/api-to-db'],
    some: ['one-sided-allow data/NetworkPolicy/db-from-api'],
  },
  {
    name: 'types that leave the rules out',
    from: within('web-to-api', 'shop', 'policyTypes: \\[Egress\\]'),
    to: 'policyTypes: [Ingress]',
    says: ['ignored-rules shop/NetworkPolicy/web-to-api'],
    some: ['one-sided-allow shop/NetworkPolicy/api-from-web'],
  },
  {
    name: 'the port of the Service, for the controller',
    from: within('web-proxy', 'shop', 'port: 8000'),
    to: 'port: 80',
    says: [
      'blocked-backend shop/Ingress/web',
      'one-sided-allow edge/NetworkPolicy/proxy',
      'one-sided-allow shop/NetworkPolicy/web-proxy',
      'service-port-instead-of-pod-port shop/NetworkPolicy/web-proxy',
    ],
  },
  {
    name: 'no way in for a load balancer',
    from: policies('web-(public|offices)'),
    to: '',
    says: ['blocked-backend shop/Service/public'],
  },
  {
    name: 'no way in through an Ingress',
    from: policies('web-(proxy|alb)'),
    to: '',
    says: ['blocked-backend shop/Ingress/web'],
    some: ['one-sided-allow edge/NetworkPolicy/proxy'],
  },
  {
    name: 'a webhook for pods',
    from: within('guard', 'shop', 'ingress: \\[\\{ ports'),
    to: 'ingress: [{ from: [{ podSelector: {} }], ports',
    says: ['webhook-blocked ValidatingWebhookConfiguration/guard'],
  },
  {
    name: 'no way to the API server',
    from: within('guard', 'shop', 'to: \\[\\{ ipBlock: \\{ cidr: 10.50.0.1/32 \\} \\}\\]'),
    to: 'to: [{ namespaceSelector: {} }]',
    says: ['api-server-unreachable shop/*/guard'],
  },
  { name: 'HTTPS to the metadata service, which speaks HTTP', from: ', 169.254.0.0/16]', to: ']', says: [] },
  {
    name: 'the metadata service',
    from: ', 169.254.0.0/16] } }], ports: [{ port: 443 }]',
    to: '] } }], ports: [{ port: 443 }, { port: 80 }]',
    says: ['metadata-service-reachable shop/NetworkPolicy/api-out'],
  },
  {
    name: 'the whole world',
    from: ', except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]',
    to: '',
    says: ['internet-includes-cluster shop/NetworkPolicy/api-out'],
  },
  {
    name: 'a database for everybody',
    from: anyCaller,
    to: '',
    says: ['sensitive-port-open data/NetworkPolicy/db-from-api'],
  },
  {
    name: 'a database for every pod',
    from: anyCaller,
    to: 'from: [{ namespaceSelector: {} }], ',
    says: ['sensitive-port-open data/NetworkPolicy/db-from-api'],
  },
  {
    name: 'a dash too many',
    from: within('metrics', 'shop', 'edge \\} \\}, podSelector'),
    to: 'edge } } }, { podSelector',
    says: ['peers-split-by-dash shop/NetworkPolicy/metrics'],
  },
  {
    name: 'no default deny',
    from: policies('(default-deny|deny-ingress), namespace: shop'),
    to: '',
    says: [],
    some: ['namespace-without-default-deny Namespace/shop', 'open-ingress shop/*/web'],
  },
  {
    name: 'a database on the host network',
    from: /(?<=name: db, namespace: data[^]{0,250}spec: \{ )containers/,
    to: 'hostNetwork: true, containers',
    says: [
      'declared-need-denied shop/*/api',
      'host-network-workload data/*/db',
      'peer-selects-nothing shop/NetworkPolicy/api-to-db',
      'selects-no-pod data/NetworkPolicy/db-from-api',
    ],
    some: ['peer-selects-nothing edge/NetworkPolicy/prometheus'],
  },
];

describe('one fault', () => {
  // Seven shares no factor with the numbers of choices, so each of them comes up.
  const sample = sets.filter((_, index) => index % 7 === 0);

  it.each(faults.map((fault) => [fault.name, fault] as const))('%s', (_, { from, to, says, some = [] }) => {
    const missing = new Set<string>();
    const said = new Set<string>();
    let count = 0;
    for (const { yaml } of sample) {
      const changed = yaml.replace(from, to);
      if (changed === yaml) continue;
      count++;
      const found = findings(changed).map((text) => text.replace(/Deployment|Pod(?=\/)/, '*'));
      for (const text of found) said.add(text);
      for (const text of says) if (!found.includes(text)) missing.add(text);
    }
    expect(count).toBeGreaterThan(2);
    expect([...missing]).toEqual([]);
    expect([...said].sort()).toEqual([...says, ...some].sort());
  });
});
