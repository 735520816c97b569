/** What to say when an account may not read what an answer needs. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { OperationalError } from '../operational-error.ts';
import type { ApiError } from './api-error.ts';
import type { LiveKind } from './live-kinds.ts';
import type { KubeResource } from './resource.ts';

/** A kind that the server does not let this account list. */
export interface ForbiddenKind {
  readonly kind: LiveKind;
  readonly refusal: ApiError;
}

/** As `kubectl auth can-i` and RBAC rules name it: `networkpolicies.networking.k8s.io`. */
function rightName({ plural, group }: KubeResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function canI(resource: KubeResource): string {
  return `kubectl auth can-i list ${rightName(resource)}${resource.namespaced ? ' --all-namespaces' : ''}`;
}

/** All that is missing at once, so that one request to whoever grants rights is enough. */
export function forbiddenError(where: string, missing: readonly ForbiddenKind[]): OperationalError {
  const rights = missing.map(({ kind }) => rightName(kind.resource));
  const [first] = missing;
  const reason = first === undefined ? '' : `\n  ${first.refusal.message}`;
  const check = first === undefined ? '' : `${canI(first.kind.resource)} checks it; `;
  return new OperationalError(
    'api-forbidden',
    `${where}: this account may not list ${rights.join(', ')} in the whole cluster, and verdicts hang on ${rights.length === 1 ? 'it' : 'them'}${reason}`,
    {
      hint:
        `${check}ask for a ClusterRole with the verb list on ${rights.length === 1 ? 'it' : 'them'}, or give what you may read: ` +
        'kubectl get namespaces,pods,networkpolicies,services -n NAMESPACE -o yaml | sallyport ... -f -',
      exitCode: 4,
    },
  );
}

/** What an answer lacks without a kind, by plural. */
const losses: ReadonlyMap<string, string> = new Map([
  ['nodes', 'connections from and to nodes, and policies that select nodes, are answered without them'],
  ['services', 'Services are missing as targets and as doors from outside'],
  ['endpointslices', 'Services without a selector lead nowhere in this answer'],
  ['ingresses', 'what Ingresses expose is missing from the answer'],
  ['httproutes', 'what HTTPRoutes expose is missing from the answer'],
  ['gateways', 'what Gateways expose is missing from the answer'],
]);

const otherLoss = 'pods that it owns stand under the name of their next owner';

export function forbiddenWarning({ kind, refusal }: ForbiddenKind): Diagnostic {
  const { resource } = kind;
  return {
    severity: 'warning',
    code: 'not-readable',
    message: `this account may not list ${rightName(resource)}: ${losses.get(resource.plural) ?? otherLoss}`,
    help: `${canI(resource)} checks it${refusal.reason === '' ? ' (something between here and the API server refused)' : ''}`,
  };
}
