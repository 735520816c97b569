import { hostNetworkWorkload } from '../../src/rules/posture/host-network-workload.ts';
import { testRule } from './rule-tester.ts';

const pod = (namespace: string, hostNetwork: boolean): string => `apiVersion: v1
kind: Pod
metadata: { name: agent, namespace: ${namespace} }
spec: { hostNetwork: ${hostNetwork}, containers: [{ name: main, image: main }] }
`;

testRule(hostNetworkWorkload, {
  valid: [
    { name: 'the pod network', yaml: pod('tools', false) },
    { name: 'the system', yaml: pod('kube-system', true) },
    { name: 'a namespace that may', yaml: pod('tools', true), options: { ignoreNamespaces: ['tools'] } },
  ],
  invalid: [
    {
      name: 'the host network',
      yaml: pod('tools', true),
      findings: [
        {
          message: 'tools/Pod/agent runs on the host network, so no policy applies to it',
          line: 1,
          object: 'tools/Pod/agent',
          confidence: 'certain',
        },
      ],
      fixed: null,
    },
  ],
});
