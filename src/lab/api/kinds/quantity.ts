/** Quantities of resources: `500m`, `1.5Gi`, `1e3`. */
import type { JsonValue } from '../json.ts';

export interface Quantity {
  /** In units of 10^-9, rounded away from zero. */
  readonly nanos: bigint;
  readonly format: 'binary' | 'decimal' | 'exponent';
}

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY: ReadonlyMap<string, bigint> = new Map(
  ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, index) => [suffix, 1024n ** BigInt(index)]),
);

const NANO = 10n ** 9n;
const FORM =
  /^(?<sign>[+-]?)(?<whole>\d{0,40})(?:\.(?<part>\d{0,40}))?(?<suffix>[numkMGTPE]?|[KMGTPE]i|[eE][+-]?\d{1,2})$/;

/** Texts, and numbers as texts; `undefined` for what is no quantity. */
export function parseQuantity(value: JsonValue | undefined): Quantity | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const { sign = '', whole = '', part = '', suffix = '' } = FORM.exec(text)?.groups ?? {};
  if (whole === '' && part === '') return undefined;
  const digits = BigInt(whole + part);
  const binary = suffix === '' ? undefined : BINARY.get(suffix);
  const isExponent = /^[eE].*\d$/.test(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : (DECIMAL.get(suffix) ?? 0);
  const scale = exponent - part.length + 9;
  const scaled = digits * (binary ?? 1n);
  const nanos = scale >= 0 ? scaled * 10n ** BigInt(scale) : divideUp(scaled, 10n ** BigInt(-scale));
  return {
    nanos: sign === '-' ? -nanos : nanos,
    format: binary === undefined ? (isExponent ? 'exponent' : 'decimal') : 'binary',
  };
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** The form in which the server stores it: no fractions, and the largest suffix that allows it. */
export function canonicalQuantity({ nanos, format }: Quantity): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size === 0n) return '0';
  if (format === 'binary' && size % NANO === 0n && size / NANO >= 1024n) {
    const whole = size / NANO;
    const [suffix, unit] = [...BINARY].findLast(([, each]) => whole % each === 0n) ?? ['', 1n];
    return `${sign}${whole / unit}${suffix}`;
  }
  const [suffix, exponent] = [...DECIMAL].findLast(([, each]) => size % 10n ** BigInt(each + 9) === 0n) ?? ['n', -9];
  const shown = format === 'exponent' ? (exponent === 0 ? '' : `e${exponent}`) : suffix;
  return `${sign}${size / 10n ** BigInt(exponent + 9)}${shown}`;
}
