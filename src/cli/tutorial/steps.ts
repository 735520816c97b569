/** What the tutorial types, and what each step teaches. */
import { allowDns, denyBetweenNamespaces, fromFrontend, intoDb, type PolicyFile, throughBackend } from './policies.ts';

/** What a command must end with for the step to teach what it says. */
export interface Expectation {
  readonly exit: 'success' | 'failure';
  /** Each must be in the output. */
  readonly shows: readonly string[];
}

export type Action =
  | { readonly type: 'file'; readonly file: PolicyFile }
  | { readonly type: 'kubectl'; readonly args: readonly string[]; readonly expect: Expectation }
  /** What it prints is `$NAME` in the commands behind it. */
  | { readonly type: 'variable'; readonly name: string; readonly args: readonly string[] }
  /** All connections, against the prediction. */
  | { readonly type: 'probe' };

export interface TutorialStep {
  readonly title: string;
  readonly text: string;
  readonly actions: readonly Action[];
  /** Said when everything was as expected. */
  readonly notice: string;
}

const TIERS = ['frontend', 'backend', 'db'] as const;
type Tier = (typeof TIERS)[number];

/** Longer than any answer takes, even on a busy machine. */
const ANSWER_SECONDS = '10';
/** After this nothing comes any more. */
const SILENCE_SECONDS = '2';

function kubectl(line: string, ...shows: readonly string[]): Action {
  return { type: 'kubectl', args: line.split(' '), expect: { exit: 'success', shows } };
}

function curl(from: Tier, seconds: string, ...rest: readonly string[]): readonly string[] {
  return ['-n', from, 'exec', from, '--', 'curl', '-sS', '--max-time', seconds, ...rest];
}

/** Only whether there is an answer. */
const STATUS_ONLY = ['-o', '/dev/null', '-w', 'HTTP %{http_code}\\n'] as const;

function answers(from: Tier, to: Tier): Action {
  return answersAt(from, `${to}-svc.${to}`);
}

function answersAt(from: Tier, host: string): Action {
  const args = curl(from, ANSWER_SECONDS, ...STATUS_ONLY, host);
  return { type: 'kubectl', args, expect: { exit: 'success', shows: ['HTTP 200'] } };
}

function page(from: Tier, to: Tier): Action {
  const args = curl(from, ANSWER_SECONDS, `${to}-svc.${to}`);
  return { type: 'kubectl', args, expect: { exit: 'success', shows: ['Welcome to nginx!'] } };
}

/** @param says a word of what curl complains about */
function staysSilent(from: Tier, to: Tier, says: 'Connection' | 'Resolving'): Action {
  const args = curl(from, SILENCE_SECONDS, `${to}-svc.${to}`);
  return { type: 'kubectl', args, expect: { exit: 'failure', shows: [says] } };
}

function apply(file: PolicyFile): readonly Action[] {
  return [{ type: 'file', file }, kubectl(`apply -f ${file.name}`, 'created')];
}

export const tutorialSteps: readonly TutorialStep[] = [
  {
    title: '1. Three namespaces',
    text:
      'A namespace for each tier of an application: frontend, backend, db. Policies choose namespaces by their labels, so ' +
      'each one gets a label, and so does kube-system, where the DNS of the cluster runs.',
    actions: [
      ...TIERS.flatMap((tier) => [
        kubectl(`create ns ${tier}`, 'created'),
        kubectl(`label namespace ${tier} ns=${tier}`, 'labeled'),
      ]),
      kubectl('label namespace kube-system contains=coredns', 'labeled'),
      kubectl('get namespaces -L ns,contains', 'coredns', ...TIERS),
    ],
    notice: 'Every namespace also has the label kubernetes.io/metadata.name, which nobody can change or forget.',
  },
  {
    title: '2. A web server in each',
    text: 'One pod in each namespace, and a Service in front of it, so that the others find it by name.',
    actions: [
      ...TIERS.map((tier) => kubectl(`run ${tier} --image=nginx -n ${tier}`, 'created')),
      ...TIERS.map((tier) =>
        kubectl(`wait --for=condition=Ready pod/${tier} -n ${tier} --timeout=60s`, 'condition met'),
      ),
      ...TIERS.map((tier) => kubectl(`get pods -n ${tier} --show-labels`, 'Running', `run=${tier}`)),
      ...TIERS.map((tier) => kubectl(`expose pod ${tier} --name=${tier}-svc -n ${tier} --port=80`, 'exposed')),
      kubectl('get svc -A -l run', ...TIERS.map((tier) => `${tier}-svc`)),
    ],
    notice: '`kubectl run` labels a pod run=NAME. Policies will choose pods by that label.',
  },
  {
    title: '3. Without policies everything is open',
    text: 'The frontend asks the backend, as it should. Nothing keeps it from asking db as well, or db from asking the frontend.',
    actions: [page('frontend', 'backend'), answers('frontend', 'db'), answers('db', 'frontend')],
    notice: 'Namespaces are no walls: as long as no policy selects a pod, everybody may talk to it.',
  },
  {
    title: '4. Nothing between namespaces',
    text:
      'A policy in each namespace selects all of its pods. From then on only what some policy allows gets through: here, ' +
      'pods of the same namespace, in both directions.',
    actions: [
      ...apply(denyBetweenNamespaces),
      kubectl('get networkpolicy -A', ...TIERS),
      staysSilent('frontend', 'backend', 'Resolving'),
    ],
    notice:
      'curl did not get as far as the backend: it could not even look up the name, because the DNS server lives in ' +
      'another namespace. A denied connection is not refused, it meets silence.',
  },
  {
    title: '5. What the application needs',
    text:
      'frontend may talk to backend, and backend to db. Each connection passes two gates, the egress of the one pod and the ' +
      'ingress of the other, so each needs a rule at both ends.',
    actions: [
      ...apply(fromFrontend),
      ...apply(throughBackend),
      ...apply(intoDb),
      {
        type: 'variable',
        name: 'BACKEND',
        args: ['get', 'svc', 'backend-svc', '-n', 'backend', '-o', 'jsonpath={.spec.clusterIP}'],
      },
      answersAt('frontend', '$BACKEND'),
      staysSilent('frontend', 'backend', 'Resolving'),
    ],
    notice:
      'By address it works, by name it does not: DNS is still missing. This is the step that nearly everybody forgets.',
  },
  {
    title: '6. DNS',
    text: 'The pods that open connections may ask the DNS server, and only that one, on port 53.',
    actions: [...apply(allowDns), answers('frontend', 'backend'), answers('backend', 'db')],
    notice: 'The application works, with names. Policies only add up: what one of them allows, no other takes away.',
  },
  {
    title: '7. What stays denied',
    text: 'Past the backend, and backwards.',
    actions: [
      staysSilent('frontend', 'db', 'Connection'),
      staysSilent('backend', 'frontend', 'Connection'),
      staysSilent('db', 'backend', 'Resolving'),
      staysSilent('db', 'frontend', 'Resolving'),
    ],
    notice:
      'frontend and backend resolve the name and then meet silence; db does not even get the name. An answer needs no ' +
      'rule, but a connection of its own does.',
  },
  {
    title: '8. All of it at once',
    text: 'The same for every pair of pods and every port that tells policies apart: connected, and held against the prediction.',
    actions: [{ type: 'probe' }],
    notice: 'What the policies say is what happens.',
  },
];

/** As one would type it: quotes where a POSIX shell needs them. `$NAME` is meant as a variable. */
export function commandLine(args: readonly string[]): string {
  return args
    .map((arg) => (/^[A-Za-z0-9_/.:@%+=,$-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ');
}
