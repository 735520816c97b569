import { defineRule } from '../rule.ts';
import { openPods, SYSTEM_NAMESPACES } from './open-pods.ts';

/** M51, catalogue NP601: pods without isolation are open to everybody (S70). */
export const openIngress = defineRule({
  name: 'open-ingress',
  severity: 'warning',
  category: 'posture',
  summary: 'no policy isolates pods for ingress, so everybody may connect to them',
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
      'ingress',
      ignoreNamespaces,
      'Every pod of the cluster may connect to every port of theirs, and so may whatever can route to their addresses.',
    );
  },
});
