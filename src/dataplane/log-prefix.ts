/**
 * The prefix of a logged packet: which verdict, and by which policy set. Contract between the rules that write it and
 * whoever reads the log group:
 *
 *     sp <verdict> <policy set>
 *
 * A word each, one space between them, at most 127 bytes. Where no policy set decided the last word is `-`. The name of
 * a policy set with `_r` behind it says that the packet is a reply of the flow that the set judged: its source is the
 * end that the flow went to.
 */

/**
 * - `deny`: dropped by a policy set
 * - `would-deny`: let through, but policies in audit mode would have dropped it
 * - `allow`: let through; only some of them are logged
 * - `unknown-pod`: dropped, because an address of this node's pods belongs to no pod that is known
 */
export type LogVerdict = 'deny' | 'would-deny' | 'allow' | 'unknown-pod';

export interface LogPrefix {
  readonly verdict: LogVerdict;
  /** `undefined` when no policy set decided. */
  readonly policySet: string | undefined;
  /** The packet goes against the direction of its flow: source and destination are exchanged. */
  readonly reply: boolean;
}

/** The kernel keeps 127 bytes and a final zero. */
export const MAX_LOG_PREFIX_BYTES = 127;

const START = 'sp';
const NOBODY = '-';
const REPLY = '_r';
const VERDICTS: readonly LogVerdict[] = ['deny', 'would-deny', 'allow', 'unknown-pod'];
/** Names are our own words, so the prefix needs no escaping. */
const POLICY_SET = /^[a-z][0-9a-z_]*$/;

/** @throws RangeError when the policy set has a name that is none of ours. */
export function formatLogPrefix({ verdict, policySet, reply }: LogPrefix): string {
  const name = policySet === undefined ? NOBODY : `${policySet}${reply ? REPLY : ''}`;
  const text = `${START} ${verdict} ${name}`;
  if ((policySet !== undefined && !POLICY_SET.test(policySet)) || text.length > MAX_LOG_PREFIX_BYTES) {
    throw new RangeError(`no name of a policy set: ${JSON.stringify(policySet)}`);
  }
  return text;
}

/** `undefined` for prefixes of others. */
export function parseLogPrefix(text: string): LogPrefix | undefined {
  if (text.length > MAX_LOG_PREFIX_BYTES) return undefined;
  const [start, word, name, ...more] = text.trimEnd().split(' ');
  const verdict = VERDICTS.find((each) => each === word);
  if (start !== START || verdict === undefined || name === undefined || more.length > 0) return undefined;
  if (name === NOBODY) return { verdict, policySet: undefined, reply: false };
  if (!POLICY_SET.test(name)) return undefined;
  const reply = name.endsWith(REPLY);
  return { verdict, policySet: reply ? name.slice(0, -REPLY.length) : name, reply };
}
