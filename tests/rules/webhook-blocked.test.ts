import { webhookBlocked } from '../../src/rules/needs/webhook-blocked.ts';
import { testRule } from './rule-tester.ts';

const webhooks = (kind: string, more = ''): string => `---
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}
metadata: { name: guard }
webhooks:
  - name: guard.example.com
    clientConfig: { service: { namespace: guard, name: webhook${more} } }
`;

const apiService = `---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: v1.guard.example.com }
spec: { service: { namespace: guard, name: webhook } }
`;

const definition = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: guards.example.com }
spec: { conversion: { strategy: Webhook, webhook: { clientConfig: { service: { namespace: guard, name: webhook } } } } }
`;

const guard = `---
apiVersion: v1
kind: Service
metadata: { name: webhook, namespace: guard }
spec: { selector: { app: guard }, ports: [{ port: 443, targetPort: 9443 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: guard, namespace: guard, labels: { app: guard } }
spec: { containers: [{ name: main, image: main }] }
`;

const policy = (ingress: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: guard, namespace: guard }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [${ingress}] }
`;

const own = '{ from: [{ podSelector: {} }] }';
const validating = webhooks('ValidatingWebhookConfiguration');
const inNamespace = (name: string): string =>
  `{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${name} } } }] }`;

testRule(webhookBlocked, {
  valid: [
    { name: 'no policy', yaml: validating + guard },
    { name: 'everybody on the port', yaml: validating + guard + policy('{ ports: [{ port: 9443 }] }') },
    {
      name: 'a range that may hold the control plane',
      yaml: validating + guard + policy('{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }'),
    },
    {
      name: 'kube-system, whose agent may bring the calls',
      yaml: validating + guard + policy(inNamespace('kube-system')),
    },
    {
      name: 'another port of the Service',
      yaml: webhooks('ValidatingWebhookConfiguration', ', port: 8443') + guard + policy(own),
    },
    { name: 'pods that the input does not have', yaml: validating + policy(own) },
    {
      name: 'the host network',
      yaml: validating + guard.replace('spec: { containers', 'spec: { hostNetwork: true, containers') + policy(own),
    },
    {
      name: 'a webhook outside',
      yaml: validating.replace(/service: .*/, 'url: "https://example.com" }') + guard + policy(own),
    },
  ],
  invalid: [
    {
      name: 'a webhook with its own namespace alone',
      yaml: validating + guard + policy(own),
      findings: [
        {
          message:
            'the API server calls guard/Service/webhook for ValidatingWebhookConfiguration/guard, but policy lets no address outside the pod network in to port 9443 of its pods',
          at: '{ namespace: guard, name: webhook }',
          object: 'ValidatingWebhookConfiguration/guard',
          confidence: 'file-only',
          pods: ['guard/Pod/guard'],
        },
      ],
    },
    {
      name: 'the port of the Service instead of the pods',
      yaml: webhooks('MutatingWebhookConfiguration') + guard + policy('{ ports: [{ port: 443 }] }'),
      findings: [{}],
    },
    { name: 'another namespace', yaml: validating + guard + policy(inNamespace('other')), findings: [{}] },
    {
      name: 'an aggregated API',
      yaml: apiService + guard + policy(own),
      findings: [{ object: 'APIService/v1.guard.example.com' }],
    },
    { name: 'a conversion', yaml: definition + guard + policy(''), findings: [{}] },
  ],
});
