/** The few characters outside ASCII that the text reports use, and what stands in for them. */
export interface Symbols {
  readonly allowed: string;
  readonly denied: string;
  readonly unknown: string;
  readonly to: string;
  readonly from: string;
  readonly both: string;
  readonly ellipsis: string;
  readonly dot: string;
}

export const unicodeSymbols: Symbols = {
  allowed: '✓',
  denied: '✗',
  unknown: '?',
  to: '→',
  from: '←',
  both: '↔',
  ellipsis: '…',
  dot: '·',
};

/** For terminals and logs that cannot show anything else. */
export const asciiSymbols: Symbols = {
  allowed: '+',
  denied: 'x',
  unknown: '?',
  to: '->',
  from: '<-',
  both: '<->',
  ellipsis: '...',
  dot: '-',
};
