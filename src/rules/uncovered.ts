/** Mistakes of the catalogue (M1-M69) that no rule looks for, each with the reason. */
import type { RuleInfo } from './rule.ts';

export interface UncoveredDetector {
  readonly id: string;
  readonly what: string;
  readonly why: string;
}

const known: readonly UncoveredDetector[] = [
  {
    id: 'M29',
    what: 'ports without peers, which open to everybody',
    why: 'the usual way to open a port to everybody on purpose; the map shows who may use it',
  },
  {
    id: 'M35',
    what: 'a deny list made with NotIn, opened again by another rule',
    why: 'exceptions of address ranges are looked at (reopened-exception); for labels the broad rule is as likely the one that is meant',
  },
  {
    id: 'M40',
    what: 'egress to the API server forgotten',
    why: 'manifests do not say which pods talk to it: most mount a token and never use it',
  },
  {
    id: 'M44',
    what: 'rules for probes, which need none',
    why: 'a rule for the addresses of nodes may as well be for NodePorts, and manifests rarely name those addresses',
  },
  {
    id: 'M49',
    what: 'ping expected through a rule with ports',
    why: 'nothing in manifests says that somebody means to ping; sallyport can ... :icmp answers it',
  },
  {
    id: 'M50',
    what: 'SCTP on a plugin that lacks it',
    why: 'manifests do not say which network plugin enforces them; sallyport probe tries it',
  },
  {
    id: 'M52',
    what: 'kube-system trusted as a whole',
    why: 'seldom more than the rule says; the map shows what kube-system may reach',
  },
  {
    id: 'M53',
    what: 'labels trusted that other tenants may set',
    why: 'who may set labels is a matter of access rights, which are not read',
  },
  {
    id: 'M57',
    what: 'connections at the start of a pod, before its policies are applied',
    why: 'depends on the network plugin and the moment; nothing in manifests shows it',
  },
  {
    id: 'M58',
    what: 'no enforcing plugin',
    why: 'seen on the cluster only; sallyport probe tries it',
  },
];

/** In the order of their numbers: all that none of the rules detects. */
export function uncoveredBy(rules: readonly RuleInfo[]): readonly UncoveredDetector[] {
  const detected = new Set(rules.flatMap(({ detectors }) => detectors));
  return known.filter(({ id }) => !detected.has(id));
}
