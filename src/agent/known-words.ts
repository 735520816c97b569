/** What the nft and the kernel of this machine know of the words that rules are made of. */
import type { Observation } from '../dataplane/observation.ts';
import type { MissingFeature } from '../io/nft/probe-nft.ts';
import type { PreconditionStatus } from './status.ts';

/** Without what cannot be told here: rules with a word that the kernel does not know would all be refused. */
export function possibleObservation(wanted: Observation, missing: readonly MissingFeature[]): Observation {
  const lacks = (name: string): boolean => missing.some(({ feature }) => feature.name === name);
  const { log, ...rest } = wanted;
  const counted = lacks('counters') ? { ...rest, counters: false, hits: false } : rest;
  if (log === undefined || lacks('the packet log')) return counted;
  const { oneOfAllowed, ...denied } = log;
  return { ...counted, log: oneOfAllowed === undefined || lacks('samples') ? denied : log };
}

/** Told once: neither nft nor the kernel changes under a running agent. */
export function featureStatus(missing: readonly MissingFeature[]): PreconditionStatus {
  const name = 'nft-features';
  if (missing.length === 0) {
    return { name, state: 'ok', explanation: 'nft and the kernel know all that the rules need', hint: '' };
  }
  const essential = missing.filter(({ feature }) => feature.essential);
  const named = (list: readonly MissingFeature[]): string =>
    list.map(({ feature, reason }) => `${feature.name} (${reason.split('\n', 1)[0] ?? ''})`).join(', ');
  return essential.length > 0
    ? {
        name,
        state: 'failed',
        explanation: `nft or the kernel lacks what policies need: ${named(essential)}`,
        hint: 'use nft 1.0.1 or newer and a kernel with nf_tables and nf_conntrack',
      }
    : {
        name,
        state: 'warning',
        explanation: `policies hold, but nft or the kernel cannot tell of packets: ${named(missing)}`,
        hint: 'load the modules nfnetlink_log and nft_log, or use a newer kernel',
      };
}
