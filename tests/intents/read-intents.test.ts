import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { spanLabel } from '../../src/base/source.ts';
import { readIntents } from '../../src/intents/read-intents.ts';
import { endText } from '../../src/intents/resolve-ends.ts';
import { portItemText } from '../../src/intents/ports.ts';

const schemaFile = new URL('../../schemas/intents.schema.json', import.meta.url);
const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false });
const isValid = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

/** A file of one intent; `body` stands under it with four spaces. */
function file(body: string): string {
  return `apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n  - name: it\n    ${body.split('\n').join('\n    ')}\n`;
}

function read(text: string) {
  return readIntents({ name: 'i.yaml', text });
}

describe('what is right', () => {
  test.each([
    ['deny: {from: shop/web, to: db/postgres}'],
    ['deny: {from: web, to: postgres:5432}'],
    ['allow: {from: [shop/web, shop/Deployment/api], to: db/svc/postgres, ports: 5432}'],
    ['allow: {from: ns/shop, to: [db/postgres:5432, 10.0.0.1:443, "[fd00::1]:53/udp"]}'],
    ['allow: {from: internet, to: shop/web, ports: [80, 443, 53/udp, 8000-8100, http, any/sctp, icmp]}'],
    ['allow: {from: anywhere, to: cluster, ports: any, exactly: true}'],
    ['deny: {from: {not: {namespace: payments}}, to: {podSelector: app=db}}'],
    ['deny: {from: {namespace: [a, b], podSelector: {matchLabels: {app: x}}}, to: outside}'],
    ['deny: {from: {namespaceSelector: "env in (test,dev)"}, to: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}'],
    ['deny: {from: {nodeSelector: {matchExpressions: [{key: gpu, operator: Exists}]}}, to: cluster}'],
    ['deny: {from: cluster, to: {service: db/postgres, ports: [5432]}}'],
    ['only: {to: db/postgres, from: [{namespace: shop, ports: 5432}, ops/backup:5433]}'],
    ['onlyTo: {from: shop/web, to: [shop/api:8080, kube-system/svc/kube-dns:53/udp]}'],
    ['isolated: {pods: ns/prod}'],
    ['isolated: {pods: cluster, directions: Ingress}'],
    ['allow: {from: a/b, to: c/d, ports: {port: 80, protocol: UDP}}'],
    ['allow: {from: a/b, to: c/d, ports: [{port: 80, endPort: 90}, {protocol: SCTP}, {port: http}]}'],
    ['deny: {from: a/b, to: c/d}\nreason: because\nunknown: accept\nmayMatchNothing: true'],
  ])('%s', (body) => {
    const text = file(body);
    const { intents, diagnostics } = read(text);
    expect(diagnostics).toEqual([]);
    expect(intents).toHaveLength(1);
    expect(isValid(parse(text)), ajv.errorsText(isValid.errors)).toBe(true);
  });
});

describe('what is wrong', () => {
  test.each([
    ['', 'an intent asserts nothing', 'give one of allow', '4:5'],
    ['alow: {from: a/b, to: c/d}', 'has no field "alow"', 'did you mean `allow`?', '5:5'],
    ['allow: {from: a/b, to: c/d}\ndeny: {from: a/b, to: c/d}', 'one thing, not allow and deny', undefined, '4:5'],
    ['allow: {from: a/b, to: c/d, prots: 80}', 'has no field "prots"', 'did you mean `ports`?', '5:33'],
    ['allow: {from: a/b}', '`allow` needs `to`', undefined, '5:12'],
    ['allow: {from: a/b:80, to: c/d}', 'names a port', undefined, '5:19'],
    ['allow: {from: {namespace: a, ports: 80}, to: c/d}', 'ports belong to a target', undefined, '5:41'],
    ['allow: {from: 10.0.0, to: c/d}', 'not a valid address', undefined, '5:19'],
    ['allow: {from: [], to: c/d}', 'a list of ends is empty', undefined, '5:19'],
    ['allow: {from: {}, to: c/d}', 'an end that says nothing', undefined, '5:19'],
    ['allow: {from: {cidr: 10.0.0.0/8, podSelector: a}, to: c/d}', 'both `pods` and `cidr`', undefined, '5:19'],
    ['allow: {from: {namespace: a, namespaceSelector: b}, to: c/d}', 'not both', undefined, '5:19'],
    ['allow: {from: {podSelector: "a=="}, to: c/d, ports: 0}', 'a port must be a whole number', undefined, '5:57'],
    ['allow: {from: {podSelector: "=x"}, to: c/d}', 'expected: a label key', "for example 'app=web", '5:33'],
    ['allow: {from: {podSelector: {app: x}}, to: c/d}', 'unknown field', undefined, '5:34'],
    ['allow: {from: {cidr: 10.0.0.0/99}, to: c/d}', 'is not a CIDR', 'for example 10.0.0.0/8', '5:26'],
    ['allow: {from: a/b, to: c/d, ports: 80/icmp}', 'is not a protocol with ports', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, ports: 90-80}', 'ends before it begins', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, ports: 70000}', 'from 1 to 65535', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, ports: "99999"}', 'between 1 and 65535', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, ports: HTTP!}', 'neither a port number', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, ports: []}', '`ports` is an empty list', undefined, '5:40'],
    ['allow: {from: a/b, to: c/d, exactly: true}', '`exactly` needs `ports`', undefined, '5:42'],
    ['deny: {from: a/b, to: c/d, exactly: true}', 'has no field "exactly"', undefined, '5:32'],
    ['isolated: {pods: ns/a, directions: [ingres]}', 'a direction is ingress or egress', '`ingress`', '5:41'],
    ['deny: {from: a/b, to: c/d}\nunknown: acept', 'must be fail or accept', 'did you mean `accept`?', '6:14'],
    ['deny: {from: a/b, to: c/d}\nmayMatchNothing: sure', 'must be true or false', undefined, '6:22'],
    ['deny: {from: 5, to: c/d}', 'an end must be a text or a mapping, not a number', undefined, '5:18'],
    ['deny: {from: {namespace: y}, to: c/d}', '`namespace` must be a text, not a boolean', 'quote it: "y"', '5:30'],
    ['deny: {from: {service: a/b/c}, to: c/d}', 'is not a Service', undefined, '5:28'],
  ] as const)('%s', (body, message, help, place) => {
    const { intents, diagnostics } = read(file(body));
    expect(intents).toEqual([]);
    const found = diagnostics.find((diagnostic) => diagnostic.message.includes(message));
    expect(found, JSON.stringify(diagnostics.map((each) => each.message))).toBeDefined();
    expect(found?.severity).toBe('error');
    if (help !== undefined) expect(found?.help).toContain(help);
    expect(found?.span && spanLabel(found.span)).toBe(`i.yaml:${place}`);
  });

  test.each([
    ['allow: {from: a/b}'],
    ['alow: {from: a/b, to: c/d}'],
    ['allow: {from: a/b, to: c/d}\ndeny: {from: a/b, to: c/d}'],
    ['allow: {from: [], to: c/d}'],
    ['allow: {from: {}, to: c/d}'],
    ['allow: {from: {cidr: 10.0.0.0/8, podSelector: a}, to: c/d}'],
    ['allow: {from: {namespace: a, ports: 80}, to: c/d}'],
    ['allow: {from: a/b, to: c/d, ports: 70000}'],
    ['allow: {from: a/b, to: c/d, ports: HTTP!}'],
    ['deny: {from: a/b, to: c/d, exactly: true}'],
    ['deny: {from: a/b, to: c/d}\nunknown: acept'],
    ['deny: {from: 5, to: c/d}'],
  ])('the schema says so too: %s', (body) => {
    expect(isValid(parse(file(body)))).toBe(false);
  });

  test('every fault of a file is told, and intents that are right are read', () => {
    const { intents, diagnostics } = read(`
apiVersion: sallyport.dev/v1
kind: Intents
intents:
  - name: good
    deny: {from: a/b, to: c/d}
  - deny: {from: a/b, to: c/d}
  - name: bad
    deny: {from: a/b/c/d, to: ''}
  - just a text
`);
    expect(intents.map(({ name }) => name)).toEqual(['good']);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'an intent needs `name`',
      '"a/b/c/d" is not an endpoint',
      'an endpoint is empty',
      'an intent must be a mapping, not a text',
    ]);
  });

  test('not more than a hundred', () => {
    const many = Array.from({ length: 500 }, () => '  - 5').join('\n');
    expect(read(`apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n${many}\n`).diagnostics).toHaveLength(100);
  });

  test('not without an end', () => {
    const deep = `${'{not: '.repeat(50)}a/b${'}'.repeat(50)}`;
    const { diagnostics } = read(file(`deny: {from: ${deep}, to: c/d}`));
    expect(diagnostics.map(({ message }) => message)).toEqual(['`not` in `not` is understood to a depth of 8']);
  });
});

describe('documents', () => {
  const good = file('deny: {from: a/b, to: c/d}');

  test('several in one file, with the namespace of each', () => {
    const { intents, documents } = read(`${good}---\n${good.replace('intents:', 'namespace: shop\nintents:')}`);
    expect(documents).toBe(2);
    expect(intents.map(({ namespace }) => namespace)).toEqual([undefined, 'shop']);
  });

  test('of other kinds are passed over', () => {
    const policy = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n';
    const { intents, documents, diagnostics } = read(`${policy}---\n${good}---\nreplicas: 3\n`);
    expect([intents.length, diagnostics]).toEqual([1, []]);
    expect(documents).toBeGreaterThan(0);
  });

  test.each([
    ['apiVersion: sallyport.dev/v1\nkind: Intent\nintents: []\n', 'this is Intent of sallyport.dev/v1, not intents'],
    ['apiVersion: v1\nkind: Intents\nintents: []\n', 'this is Intents of v1, not intents'],
    ['kind: Intents\nintents: []\n', 'this is Intents of no apiVersion, not intents'],
    ['intents:\n  - name: x\n', 'this is no kind of no apiVersion, not intents'],
    ['apiVersion: sallyport.dev/v1\nkind: Intents\n', 'an intents file needs `intents`'],
    ['apiVersion: sallyport.dev/v1\nkind: Intents\nintents: {}\n', '`intents` must be a list, not a mapping'],
    ['apiVersion: sallyport.dev/v1\nkind: Intents\nintents: [\n', 'unexpected'],
  ])('with a slip are none that vanish: %j', (text, message) => {
    const { diagnostics } = read(text);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toHaveLength(1);
    expect(diagnostics[0]?.message).toContain(message);
  });
});

describe('what is shown', () => {
  const root = new URL('../../', import.meta.url);
  const shown = ['docs/reference/intents.md', 'docs/guides/verify.md'].flatMap((page) =>
    [...readFileSync(new URL(page, root), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
      ([, block = '']) => [page, block] as const,
    ),
  );
  const documents: (readonly [string, string])[] = [
    ...shown
      .filter(([, block]) => block.includes('kind: Intents') || block.startsWith('- name:'))
      .map(([page, block]) => {
        const whole = block.startsWith('- name:')
          ? `apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n${block.replaceAll(/^/gm, '  ')}`
          : block;
        return [page, whole] as const;
      }),
    ...['examples/three-tier/intents.yaml', 'examples/online-shop/intents.yaml'].map(
      (name) => [name, readFileSync(new URL(name, root), 'utf8')] as const,
    ),
  ];

  test.each(documents)('is right: %s', (_, text) => {
    const { intents, diagnostics } = read(text);
    expect(diagnostics).toEqual([]);
    expect(intents.length).toBeGreaterThan(0);
    expect(isValid(parse(text)), ajv.errorsText(isValid.errors)).toBe(true);
  });

  test('is found', () => {
    expect(documents.length).toBeGreaterThanOrEqual(8);
  });
});

test('ends and ports as messages write them', () => {
  const { intents } = read(
    file(
      'deny: {from: [web, ns/a, {namespaceSelector: x=y, podSelector: a}, {nodeSelector: gpu}, {cidr: 10.0.0.0/8, except: 10.1.0.0/16}, {not: cluster}], to: "[fd00::1]:53/udp", ports: [1, 2-3, any, http/tcp, icmp]}',
    ),
  );
  const assertion = intents[0]?.assertion;
  if (assertion?.type !== 'deny') throw new Error('deny');
  expect(assertion.from.map(({ end }) => endText(end))).toEqual([
    'web',
    'namespace a',
    'pods with a in namespaces with x=y',
    'nodes with gpu',
    '10.0.0.0/8 except 10.1.0.0/16',
    'not cluster',
  ]);
  expect(assertion.to.map(({ end, ports }) => [endText(end), ports?.items.map(portItemText)])).toEqual([
    ['fd00::1', ['53/udp']],
  ]);
  expect(assertion.ports?.items.map(portItemText)).toEqual(['1', '2-3', 'any', 'http/tcp', 'icmp']);
});
