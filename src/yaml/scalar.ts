/**
 * Scalars as `kubectl apply` resolves them: go-yaml v2 rules followed by the YAML-to-JSON conversion of
 * sigs.k8s.io/yaml (semantics T3, S24). `tests/yaml/scalar.test.ts` holds the table.
 */

import { shown } from './problem.ts';

export type ScalarTag = 'str' | 'bool' | 'null' | 'int' | 'float' | 'timestamp' | 'merge';

export interface ResolvedScalar {
  readonly tag: ScalarTag;
  /** Timestamps are strings: the conversion leaves them as written. Integers beyond 2^53 are rounded here; the node keeps `raw`. */
  readonly value: string | number | boolean | null;
}

const words = new Map<string, ResolvedScalar>();
for (const word of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])
  words.set(word, { tag: 'bool', value: true });
for (const word of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])
  words.set(word, { tag: 'bool', value: false });
for (const word of ['', '~', 'null', 'Null', 'NULL']) words.set(word, { tag: 'null', value: null });
for (const word of ['.nan', '.NaN', '.NAN']) words.set(word, { tag: 'float', value: Number.NaN });
for (const word of ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'])
  words.set(word, { tag: 'float', value: Infinity });
for (const word of ['-.inf', '-.Inf', '-.INF']) words.set(word, { tag: 'float', value: -Infinity });
words.set('<<', { tag: 'merge', value: '<<' });

/** What the first character allows: 0 a string for sure, 1 a word of the table, 2 a float with a leading dot, 3 a number. */
const hints = new Uint8Array(128);
for (const char of 'yYnNtTfFoO~<') hints[char.charCodeAt(0)] = 1;
hints['.'.charCodeAt(0)] = 2;
for (const char of '+-0123456789') hints[char.charCodeAt(0)] = 3;

const decimalFloat = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const dottedFloat = /^\.[0-9_]+(?:[eE][-+]?[0-9_]+)?$/;
/** Underscores stand between two digits. */
const looseUnderscore = /(?:[^0-9]_|_(?![0-9]))/;
const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*)|0([0-7]+))$/;
const smallInteger = /^(?:0|[1-9][0-9]{0,14})$/;
const timestamp =
  /^[0-9]{4}-([0-9]{1,2})-([0-9]{1,2})(?:[tT]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?$/;

const maxUint64 = 18_446_744_073_709_551_615n;
const minInt64 = -9_223_372_036_854_775_808n;
const maxInt64 = 9_223_372_036_854_775_807n;

/** The value of a Go integer literal (base from its prefix, a leading 0 is octal) that fits 64 bits. */
function parseGoInteger(text: string): bigint | undefined {
  const match = integer.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, binary, decimal, oldOctal] = match;
  const digits =
    decimal ??
    (hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : `0o${octal ?? oldOctal ?? '0'}`);
  // No 64-bit number is longer, and BigInt of a long text is slow.
  if (digits.replace(/^0[xbo]0*/, '').length > 64) return undefined;
  const magnitude = BigInt(digits);
  const value = sign === '-' ? -magnitude : magnitude;
  // An explicit sign excludes the unsigned range, as Go's ParseUint refuses signs.
  return value < minInt64 || value > (sign === '' ? maxUint64 : maxInt64) ? undefined : value;
}

function isTimestamp(text: string): boolean {
  const match = timestamp.exec(text);
  if (match === null) return false;
  const year = Number(text.slice(0, 4));
  const month = Number(match[1]);
  const day = Number(match[2]);
  const hour = Number(match[3] ?? match[6] ?? 0);
  const minute = Number(match[4] ?? match[7] ?? 0);
  const second = Number(match[5] ?? match[8] ?? 0);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

function resolveNumber(raw: string): ResolvedScalar | undefined {
  if (smallInteger.test(raw)) return { tag: 'int', value: Number(raw) };
  if (isTimestamp(raw)) return { tag: 'timestamp', value: raw };
  const plain = raw.includes('_') ? raw.replaceAll('_', '') : raw;
  const int = parseGoInteger(plain);
  if (int !== undefined) return { tag: 'int', value: Number(int) };
  if (decimalFloat.test(plain)) {
    const value = Number(plain);
    if (Number.isFinite(value)) return { tag: 'float', value };
  }
  return undefined;
}

/** Resolves an untagged plain scalar. */
export function resolvePlain(raw: string): ResolvedScalar {
  const first = raw.charCodeAt(0);
  const hint = raw === '' ? 1 : first < 128 ? hints[first] : 0;
  if (hint === 0) return { tag: 'str', value: raw };
  const word = words.get(raw);
  if (word !== undefined) return word;
  if (hint === 3) return resolveNumber(raw) ?? { tag: 'str', value: raw };
  if (hint === 2 && dottedFloat.test(raw) && !looseUnderscore.test(raw)) {
    const value = Number(raw.replaceAll('_', ''));
    if (Number.isFinite(value)) return { tag: 'float', value };
  }
  return { tag: 'str', value: raw };
}

/** Whether {@link resolvePlain} certainly gives a string: the cheap answer for almost every scalar. */
export function isPlainString(firstCharCode: number): boolean {
  return firstCharCode >= 128 || hints[firstCharCode] === 0;
}

/** Base64 as Go's standard encoding reads it: line breaks are ignored, nothing else is forgiven. */
function decodeBase64(text: string): string | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  const binary = atob(compact);
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

const yamlPrefix = 'tag:yaml.org,2002:';

export type TagOutcome =
  | { readonly ok: true; readonly scalar: ResolvedScalar }
  | { readonly ok: false; readonly message: string };

/**
 * Resolves a scalar that carries an explicit tag. Tags that Kubernetes does not know leave the text as a string.
 *
 * @param tag the full tag name, or `!` for the non-specific tag
 */
export function resolveTagged(tag: string, raw: string): TagOutcome {
  const short = tag.startsWith(yamlPrefix) ? tag.slice(yamlPrefix.length) : undefined;
  switch (short) {
    case 'binary': {
      const value = decodeBase64(raw);
      return value === undefined
        ? { ok: false, message: '!!binary value contains invalid base64 data' }
        : { ok: true, scalar: { tag: 'str', value } };
    }
    case 'bool':
    case 'null':
    case 'int':
    case 'float':
    case 'timestamp': {
      const found = resolvePlain(raw);
      if (found.tag === short) return { ok: true, scalar: found };
      if (short === 'float' && found.tag === 'int' && (parseGoInteger(raw.replaceAll('_', '')) ?? 0n) <= maxInt64)
        return { ok: true, scalar: { tag: 'float', value: found.value } };
      return { ok: false, message: `cannot decode !!${found.tag} \`${shown(raw)}\` as a !!${short}` };
    }
    default:
      return { ok: true, scalar: { tag: 'str', value: raw } };
  }
}

/** The shortest decimal that reads back as the same 32-bit float, laid out as Go's `%g` (with an exponent from 1e6 on). */
function formatFloat32(value: number): string {
  const narrow = Math.fround(value);
  if (Number.isNaN(narrow)) return '.nan';
  if (!Number.isFinite(narrow)) return narrow > 0 ? '.inf' : '-.inf';
  if (narrow === 0) return Object.is(narrow, -0) ? '-0' : '0';
  let shortest = '';
  for (let precision = 1; precision <= 9; precision++) {
    shortest = narrow.toExponential(precision - 1);
    if (Math.fround(Number(shortest)) === narrow) break;
  }
  const [mantissa = '', exponentText = '0'] = shortest.split('e');
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= 6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = Math.abs(exponent).toString().padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/**
 * The string that a mapping key becomes in JSON; `undefined` where the conversion refuses the key (null,
 * integers that only fit without a sign).
 */
export function keyText(scalar: ResolvedScalar, raw: string): string | undefined {
  if (scalar.tag === 'null') return undefined;
  if (scalar.tag === 'int') {
    const exact = parseGoInteger(raw.replaceAll('_', ''));
    return exact === undefined || exact > maxInt64 ? undefined : exact.toString();
  }
  return scalar.tag === 'float' ? formatFloat32(Number(scalar.value)) : String(scalar.value);
}
