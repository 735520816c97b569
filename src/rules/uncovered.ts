/** Mistakes of the catalogue (M1-M69) that no rule looks for, each with the reason. */

export interface UncoveredDetector {
  readonly id: string;
  readonly what: string;
  readonly why: string;
}

/** In the order of their numbers. A test holds it against what the rules say they detect. */
export const uncoveredDetectors: readonly UncoveredDetector[] = [
  {
    id: 'M50',
    what: 'SCTP on a plugin that lacks it',
    why: 'manifests do not say which network plugin enforces them; sallyport probe tries it',
  },
  {
    id: 'M58',
    what: 'no enforcing plugin',
    why: 'seen on the cluster only; sallyport probe tries it',
  },
];
