import { defineRule } from '../rule.ts';
import { openPods, SYSTEM_NAMESPACES } from './open-pods.ts';

/** M51, catalogue NP601: pods without isolation are open to everybody (S70). */
export const openEgress = defineRule({
  name: 'open-egress',
  severity: 'info',
  category: 'posture',
  summary: 'no policy isolates pods for egress, so they may connect to everything',
  fixable: false,
  detectors: ['M51'],
  catalogue: ['NP601'],
  controls: { nsa: ['network-policies'], kubescape: ['C-0030', 'C-0260'] },
  options: {
    ignoreNamespaces: { type: 'list', default: SYSTEM_NAMESPACES, summary: 'namespaces whose pods may stay open' },
  },
  check(context, { ignoreNamespaces }) {
    return openPods(
      context,
      'egress',
      ignoreNamespaces,
      'Whoever takes over one of them may connect to every pod and to every address, and carry data out.',
    );
  },
});
