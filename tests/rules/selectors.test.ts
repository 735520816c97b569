/** Selectors that mean nobody, and names of ports that mean nothing. */
import { contradictorySelector } from '../../src/rules/mistakes/contradictory-selector.ts';
import { namedPortUnresolved } from '../../src/rules/mistakes/named-port-unresolved.ts';
import { peerSelectsNothing } from '../../src/rules/mistakes/peer-selects-nothing.ts';
import { selectsNoPod } from '../../src/rules/mistakes/selects-no-pod.ts';
import { testRule } from './rule-tester.ts';

function policy(podSelector: string, rest = '  policyTypes: [Ingress]\n', namespace = 'shop'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: ${namespace} }
spec:
  podSelector: ${podSelector}
${rest}`;
}

function pod(name: string, namespace: string, labels: string, more = ''): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: ${labels} }
spec: { ${more}containers: [{ name: main, image: main, ports: [{ name: http, containerPort: 8080 }, { name: dns, protocol: UDP, containerPort: 53 }] }] }
`;
}

function namespace(name: string, labels = '{}'): string {
  return `---
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: ${labels} }
`;
}

const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { tier: front } }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: main }] }
`;

const web = pod('web', 'shop', '{ app: web }');

testRule(selectsNoPod, {
  valid: [
    { name: 'a pod with the labels', yaml: policy('{ matchLabels: { app: web } }') + web },
    { name: 'labels of a template', yaml: policy('{ matchLabels: { app: web } }') + deployment },
    { name: 'no workloads in the namespace', yaml: policy('{ matchLabels: { app: web } }') + pod('a', 'other', '{}') },
    {
      name: 'an expression',
      yaml: policy('{ matchExpressions: [{ key: app, operator: In, values: [web, api] }] }') + web,
    },
    {
      name: 'a contradiction, which has its own rule',
      yaml:
        policy('{ matchExpressions: [{ key: app, operator: DoesNotExist }, { key: app, operator: Exists }] }') + web,
    },
    {
      name: 'a label that a controller sets',
      yaml: policy('{ matchLabels: { pod-template-hash: abc } }') + deployment,
    },
  ],
  invalid: [
    {
      name: 'a slip of the pen',
      yaml: policy('{ matchLabels: { app: wbe } }') + web,
      findings: [
        {
          message: 'no pod of shop has the labels app=wbe, so the policy has no effect',
          at: 'podSelector',
          confidence: 'file-only',
        },
      ],
    },
    {
      name: 'labels of the Deployment, not of its pods',
      yaml: policy('{ matchLabels: { tier: front } }') + deployment,
      findings: [{ message: /tier=front/ }],
    },
    {
      name: 'pods on the host network only',
      yaml: policy('{ matchLabels: { app: agent } }') + pod('agent', 'shop', '{ app: agent }', 'hostNetwork: true, '),
      findings: [{ message: /on the host network$/, pods: ['shop/Pod/agent'] }],
    },
    {
      name: 'another namespace, with the whole cluster in view',
      yaml: policy('{ matchLabels: { app: db } }') + web + pod('db', 'data', '{ app: db }'),
      settings: { complete: true },
      findings: [{ confidence: 'certain' }],
    },
  ],
});

const from = (peer: string): string => policy('{}', `  ingress:\n    - from: [${peer}]\n`);
const world =
  web + pod('db', 'data', '{ app: db }') + namespace('shop', '{ team: shop }') + namespace('data', '{ team: data }');

testRule(peerSelectsNothing, {
  valid: [
    { name: 'pods that are there', yaml: from('{ podSelector: { matchLabels: { app: web } } }') + world },
    {
      name: 'namespaces that are not in the input',
      yaml: from('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }') + world,
    },
    {
      name: 'pods of namespaces without pods here',
      yaml: from('{ namespaceSelector: {}, podSelector: { matchLabels: { app: x } } }') + world + namespace('empty'),
    },
    {
      name: 'namespaces whose labels are unknown',
      yaml: from('{ namespaceSelector: { matchLabels: { team: dta } } }') + web,
    },
    { name: 'an address', yaml: from('{ ipBlock: { cidr: 10.0.0.0/8 } }') + world },
  ],
  invalid: [
    {
      name: 'a name close to a namespace',
      yaml: from('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: dta } } }') + world,
      findings: [
        { message: /^no namespace has the labels kubernetes\.io\/metadata\.name=dta/, at: 'namespaceSelector' },
      ],
    },
    {
      name: 'the name of a namespace under a key that nobody sets',
      yaml: from('{ namespaceSelector: { matchLabels: { name: data } } }') + world,
      findings: [{ message: /name=data/ }],
    },
    {
      name: 'a podSelector that was to cross namespaces',
      yaml: from('{ podSelector: { matchLabels: { app: db } } }') + world,
      findings: [{ message: 'no pod of shop has the labels app=db, so the peer means nobody', at: 'podSelector' }],
    },
    {
      name: 'the wrong label in the right namespace',
      yaml:
        from('{ namespaceSelector: { matchLabels: { team: data } }, podSelector: { matchLabels: { app: web } } }') +
        world,
      findings: [{ message: 'no pod of data has the labels app=web, so the peer means nobody' }],
    },
    {
      name: 'pods on the host network',
      yaml:
        from('{ podSelector: { matchLabels: { app: agent } } }') +
        world +
        pod('agent', 'shop', '{ app: agent }', 'hostNetwork: true, '),
      findings: [{ message: /on the host network/, pods: ['shop/Pod/agent'] }],
    },
    {
      name: 'a namespace that does not exist, with the whole cluster in view',
      yaml: from('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }') + world,
      settings: { complete: true },
      findings: [{ confidence: 'certain' }],
    },
  ],
});

testRule(contradictorySelector, {
  valid: [
    {
      name: 'two values to choose from',
      yaml: policy(
        '{ matchExpressions: [{ key: a, operator: In, values: [x, z] }, { key: a, operator: NotIn, values: [x] }] }',
      ),
    },
    {
      name: 'absence twice',
      yaml: policy(
        '{ matchExpressions: [{ key: a, operator: DoesNotExist }, { key: a, operator: NotIn, values: [x] }] }',
      ),
    },
  ],
  invalid: [
    {
      name: 'two values at once',
      yaml: policy('{ matchLabels: { a: x }, matchExpressions: [{ key: a, operator: In, values: [z] }] }'),
      findings: [{ message: 'no labels can ever satisfy a=x,a=z', confidence: 'certain' }],
    },
    {
      name: 'in a peer',
      yaml: from(
        '{ namespaceSelector: { matchExpressions: [{ key: a, operator: Exists }, { key: a, operator: DoesNotExist }] } }',
      ),
      findings: [{ object: 'shop/NetworkPolicy/p' }],
    },
  ],
});

const port = (name: string, rest = ''): string => policy('{}', `  ingress:\n    - ports: [{ port: ${name}${rest} }]\n`);
const egress = (to: string, name: string): string =>
  policy('{}', `  policyTypes: [Egress]\n  egress:\n    - to: [${to}]\n      ports: [{ port: ${name} }]\n`);

testRule(namedPortUnresolved, {
  valid: [
    { name: 'a port that the pods have', yaml: port('http') + world },
    { name: 'with its protocol', yaml: port('dns', ', protocol: UDP') + world },
    { name: 'no pods', yaml: port('metrics') },
    {
      name: 'one of two kinds of pods',
      yaml: port('http') + world + pod('bare', 'shop', '{}').replace('name: http', 'name: other'),
    },
    {
      name: 'to everybody',
      yaml: policy('{}', '  policyTypes: [Egress]\n  egress:\n    - ports: [{ port: metrics }]\n') + world,
    },
    {
      name: 'to pods that are not in the input',
      yaml: egress('{ namespaceSelector: { matchLabels: { a: b } } }', 'metrics') + web,
    },
  ],
  invalid: [
    {
      name: 'a slip',
      yaml: port('htpp') + world,
      findings: [
        {
          message: 'no destination pod of the rule has a port named htpp',
          at: 'port: htpp',
          pods: ['shop/Pod/web'],
          confidence: 'file-only',
        },
      ],
    },
    {
      name: 'the wrong protocol',
      yaml: port('dns') + world,
      findings: [{ message: 'port dns of the destination pods is UDP, and the rule says TCP' }],
    },
    {
      name: 'addresses',
      yaml: egress('{ ipBlock: { cidr: 10.0.0.0/8 } }', 'http'),
      findings: [{ message: /^port http has no meaning for addresses/, confidence: 'certain' }],
    },
    {
      name: 'egress to pods without it',
      yaml: egress('{ podSelector: {} }', 'sql') + world,
      findings: [{ message: /named sql$/ }],
    },
  ],
});
