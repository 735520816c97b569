/**
 * Controls of public benchmarks, as far as they speak of network policy. Rules name the controls that they count
 * against (`controls`); what no rule can know from manifests says why.
 */

export type ProfileName = 'cis' | 'nsa' | 'kubescape';

export const profileNames = ['cis', 'nsa', 'kubescape'] as const satisfies readonly ProfileName[];

export interface Control {
  /** The benchmark's own id; for the NSA guidance, which numbers nothing, a word of ours. */
  readonly id: string;
  readonly title: string;
  /** Why manifests cannot tell; absent for what rules decide. */
  readonly undecidable?: string;
}

export interface Profile {
  readonly name: ProfileName;
  readonly title: string;
  readonly controls: readonly Control[];
}

const ENFORCEMENT = 'whether the network plugin enforces policy is seen on the cluster only: sallyport probe asks it';

export const profiles: readonly Profile[] = [
  {
    name: 'cis',
    title: 'CIS Kubernetes Benchmark, section 5.3 (network policies and CNI)',
    controls: [
      { id: '5.3.1', title: 'The CNI in use supports network policies', undecidable: ENFORCEMENT },
      { id: '5.3.2', title: 'All namespaces have network policies (those of the system aside)' },
    ],
  },
  {
    name: 'nsa',
    title: 'NSA/CISA Kubernetes Hardening Guidance, network separation and hardening',
    controls: [
      {
        id: 'network-policies',
        title: 'Network policies isolate the pods of every namespace (those of the system aside)',
      },
      { id: 'default-deny', title: 'Every namespace denies ingress and egress by default' },
      { id: 'selectors', title: 'Policies select pods and namespaces that exist, by labels' },
      { id: 'least-privilege', title: 'Only what is needed is allowed' },
      { id: 'metadata', title: 'Pods cannot reach the metadata service of the cloud' },
      { id: 'cni', title: 'The CNI plugin supports network policy', undecidable: ENFORCEMENT },
      {
        id: 'control-plane',
        title: 'Control plane and etcd are behind a firewall',
        undecidable: 'firewalls outside the cluster are no part of manifests',
      },
      {
        id: 'encryption',
        title: 'Traffic is encrypted',
        undecidable: 'manifests do not show what is spoken on a connection',
      },
    ],
  },
  {
    name: 'kubescape',
    title: 'Kubescape controls about the network',
    controls: [
      { id: 'C-0030', title: 'Ingress and egress blocked' },
      { id: 'C-0041', title: 'HostNetwork access' },
      { id: 'C-0049', title: 'Network mapping' },
      { id: 'C-0052', title: 'Instance metadata API' },
      { id: 'C-0054', title: 'Cluster internal networking' },
      { id: 'C-0205', title: 'The CNI in use supports network policies', undecidable: ENFORCEMENT },
      { id: 'C-0206', title: 'All namespaces have network policies (those of the system aside)' },
      { id: 'C-0256', title: 'External facing' },
      { id: 'C-0260', title: 'Missing network policy' },
    ],
  },
];

export function profileNamed(name: ProfileName): Profile {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile === undefined) throw new RangeError(name);
  return profile;
}
