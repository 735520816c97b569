import { describe, expect, test } from 'vitest';
import type { ScalarNode } from '../../src/yaml/node.ts';
import { outcome, parse, valueOf } from './tree.ts';

/*
 * What `kubectl apply` makes of a scalar. Every row was measured with sigs.k8s.io/yaml 1.6.0 (`YAMLToJSON`, over
 * go.yaml.in/yaml/v2 2.4.2), which is what kubectl and the API machinery 0.34 use; the comments name the rule in
 * go-yaml's resolver that makes it so.
 */
const rows: readonly (readonly [text: string, value: string | number | boolean | null])[] = [
  // go-yaml v2 resolves these words of YAML 1.1 as booleans, alone letters included.
  ['y', true],
  ['Y', true],
  ['yes', true],
  ['Yes', true],
  ['YES', true],
  ['n', false],
  ['N', false],
  ['no', false],
  ['No', false],
  ['NO', false],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['on', true],
  ['On', true],
  ['ON', true],
  ['off', false],
  ['Off', false],
  ['OFF', false],
  // Other spellings of them are strings.
  ['yEs', 'yEs'],
  ['tRue', 'tRue'],
  ['oN', 'oN'],
  ['nO', 'nO'],
  ['yess', 'yess'],
  ['t', 't'],
  ['f', 'f'],
  // Null: the words, and nothing at all.
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['', null],
  // ... and what is not null.
  ['nULL', 'nULL'],
  ['none', 'none'],
  ['nil', 'nil'],
  ['""', ''],
  // Integers with the prefixes of Go literals; a leading 0 is octal, 0o and 0b work, underscores vanish.
  ['0', 0],
  ['-0', 0],
  ['+1', 1],
  ['-1', -1],
  ['0644', 420],
  ['007', 7],
  ['00', 0],
  ['-0644', -420],
  ['0o644', 420],
  ['0O17', 15],
  ['-0o17', -15],
  ['0x1f', 31],
  ['0X1F', 31],
  ['-0x1f', -31],
  ['+0x1f', 31],
  ['0b1', 1],
  ['0B1', 1],
  ['-0b11', -3],
  ['+0b11', 3],
  ['1_000', 1000],
  ['1__0', 10],
  ['0_1', 1],
  ['0x_f', 15],
  ['1_', 1],
  ['0_', 0],
  // Octal with digits 8 or 9 is no integer, but it is a float.
  ['08', 8],
  ['09', 9],
  ['0888', 888],
  // Broken prefixes are strings.
  ['0o8', '0o8'],
  ['0x1G', '0x1G'],
  ['0b102', '0b102'],
  ['0x', '0x'],
  ['0o', '0o'],
  ['0b', '0b'],
  ['_1', '_1'],
  ['0x1p4', '0x1p4'],
  // Floats.
  ['1.10', 1.1],
  ['1.0', 1],
  ['80.0', 80],
  ['1.', 1],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1e+3', 1000],
  ['12e03', 12000],
  ['1.e3', 1000],
  ['.1e1', 1],
  ['1e-7', 1e-7],
  ['1_0.5', 10.5],
  ['.5_0', 0.5],
  // Not quite floats.
  ['1e', '1e'],
  ['1e+', '1e+'],
  ['.', '.'],
  ['..', '..'],
  ['._1', '._1'],
  ['.e1', '.e1'],
  ['.5e', '.5e'],
  ['1,000', '1,000'],
  ['1.2.3', '1.2.3'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['+', '+'],
  ['1e400', '1e400'],
  ['nan', 'nan'],
  ['Inf', 'Inf'],
  ['infinity', 'infinity'],
  ['+.nan', '+.nan'],
  // Beyond 2^53 the value is rounded and raw keeps the digits; beyond 64 bits decimal digits become a float.
  ['9007199254740993', 9007199254740992],
  ['9223372036854775807', 9223372036854776000],
  ['9223372036854775808', 9223372036854776000],
  ['18446744073709551615', 18446744073709552000],
  ['18446744073709551616', 18446744073709552000],
  ['-9223372036854775809', -9223372036854776000],
  ['123456789012345678901234567890', 1.2345678901234568e29],
  // ... and hexadecimal digits a string.
  ['0x10000000000000000', '0x10000000000000000'],
  // Base 60 was dropped on purpose.
  ['1:30', '1:30'],
  ['190:20:30', '190:20:30'],
  ['80:80', '80:80'],
  // Timestamps stay as written in the conversion to JSON.
  ['2001-12-14', '2001-12-14'],
  ['2001-12-14T21:59:43.10-05:00', '2001-12-14T21:59:43.10-05:00'],
  ['2001-12-14 10:00:00', '2001-12-14 10:00:00'],
  // Quoted scalars are strings.
  ["'80'", '80'],
  ['"yes"', 'yes'],
  ["'~'", '~'],
  ['"0644"', '0644'],
  ['"1e3"', '1e3'],
  // Block scalars are strings.
  ['|\n  80\n', '80\n'],
  ['>-\n  yes\n', 'yes'],
  // Words that only look special as keys.
  ['<<', '<<'],
  ['=', '='],
  // Explicit tags: !!str keeps the text, the others must fit.
  ['!!str 80', '80'],
  ['!!str yes', 'yes'],
  ['!!str ~', '~'],
  ['!!str', ''],
  ['!!int "80"', 80],
  ['!!int 0x10', 16],
  ['!!float 1', 1],
  ['!!float "1e3"', 1000],
  ['!!bool yes', true],
  ['!!bool "true"', true],
  ['!!null ""', null],
  ['!!null', null],
  ['!!timestamp 2001-12-14', '2001-12-14'],
  ['!!binary aGVsbG8=', 'hello'],
  ['!!binary ""', ''],
  ['!<tag:yaml.org,2002:int> "7"', 7],
  // Tags that mean nothing to Kubernetes make strings.
  ['!foo 80', '80'],
  ['!foo', ''],
  ['! 80', '80'],
  ['! yes', 'yes'],
  ['!!foo 80', '80'],
  ['!!merge 1', '1'],
];

describe('scalars resolve as Kubernetes resolves them (T3)', () => {
  test.each(rows)('%j is %j', (text, value) => {
    expect(valueOf(`v: ${text}`)).toStrictEqual({ v: value });
  });

  test.each(rows.filter(([text]) => !/[\n,]|^$|^!|^[|>]/.test(text)))(
    '%j is the same in a list and in a flow collection',
    (text, value) => {
      expect(valueOf(`- ${text}`)).toStrictEqual([value]);
      expect(valueOf(`v: [${text}]`)).toStrictEqual({ v: [value] });
      expect(valueOf(`v: {w: ${text}}`)).toStrictEqual({ v: { w: value } });
      expect(valueOf(`v: &anchor ${text}`)).toStrictEqual({ v: value });
    },
  );

  test('raw keeps the characters, quoted tells strings apart (S21, S24)', () => {
    const scalar = (text: string): Partial<ScalarNode> => {
      const root = parse(`v: ${text}`).documents[0]?.root;
      const node = root?.type === 'mapping' ? root.entries[0]?.value : undefined;
      return node?.type === 'scalar' ? { value: node.value, raw: node.raw, quoted: node.quoted } : {};
    };
    expect(scalar('0644')).toStrictEqual({ value: 420, raw: '0644', quoted: false });
    expect(scalar('"80"')).toStrictEqual({ value: '80', raw: '80', quoted: true });
    expect(scalar("'it''s'")).toStrictEqual({ value: "it's", raw: "it's", quoted: true });
    expect(scalar('"a\\tb"')).toStrictEqual({ value: 'a\tb', raw: 'a\tb', quoted: true });
    expect(scalar('>-\n  a\n  b')).toStrictEqual({ value: 'a b', raw: 'a b', quoted: true });
    expect(scalar('9007199254740993')).toStrictEqual({
      value: 9007199254740992,
      raw: '9007199254740993',
      quoted: false,
    });
    expect(scalar('!!str 80')).toStrictEqual({ value: '80', raw: '80', quoted: false });
  });
});

/* The string that the conversion to JSON makes of a key: floats are written with 32 bits, as Go's %g. */
const keys: readonly (readonly [text: string, key: string])[] = [
  ['yes', 'true'],
  ['on', 'true'],
  ['N', 'false'],
  ['80', '80'],
  ['0x10', '16'],
  ['0644', '420'],
  ['1_000', '1000'],
  ['-0', '0'],
  ['9223372036854775807', '9223372036854775807'],
  ['18446744073709551616', '1.8446744e+19'],
  ['1.5', '1.5'],
  ['1.0', '1'],
  ['0.1', '0.1'],
  ['-0.0', '-0'],
  ['1e3', '1000'],
  ['1e6', '1e+06'],
  ['1e20', '1e+20'],
  ['123456789.0', '1.2345679e+08'],
  ['16777217.0', '1.6777216e+07'],
  ['0.00001', '1e-05'],
  ['0.0001', '0.0001'],
  ['1e-50', '0'],
  ['3.4e39', '.inf'],
  ['.inf', '.inf'],
  ['-.inf', '-.inf'],
  ['.nan', '.nan'],
  ['2001-12-14', '2001-12-14'],
  ['"null"', 'null'],
  ['"<<"', '<<'],
  ['!!str 80', '80'],
  ['!!str yes', 'yes'],
  ['!!int "80"', '80'],
  ['!!binary aGVsbG8=', 'hello'],
  ['key with spaces', 'key with spaces'],
  ['app.kubernetes.io/name', 'app.kubernetes.io/name'],
  ['a\\b', 'a\\b'],
  ['é', 'é'],
];

describe('keys become strings', () => {
  test.each(keys)('%s: is the key %j', (text, key) => {
    expect(valueOf(`${text}: x`)).toStrictEqual({ [key]: 'x' });
    expect(valueOf(`{${text}: x}`)).toStrictEqual({ [key]: 'x' });
    expect(valueOf(`? ${text}\n: x`)).toStrictEqual({ [key]: 'x' });
  });

  test.each([
    ['null: x', '`null` cannot be a mapping key'],
    ['~: x', '`~` cannot be a mapping key'],
    [': x', 'a mapping key is missing'],
    ['18446744073709551615: x', '`18446744073709551615` cannot be a mapping key'],
    ['[a, b]: x', 'invalid map key: only text, numbers and booleans can be keys'],
    ['{a: b}: x', 'invalid map key: only text, numbers and booleans can be keys'],
    ['? a: b\n: x', 'invalid map key: only text, numbers and booleans can be keys'],
    ['- &a {x: 1}\n- *a : y', 'invalid map key: only text, numbers and booleans can be keys'],
  ])('%j is refused', (text, message) => {
    expect(outcome(text)).toStrictEqual({ values: [], problems: [`yaml-syntax: not valid YAML: ${message}`] });
  });
});

describe('values that the conversion refuses', () => {
  test.each([
    ['.inf', 'unsupported value: `.inf` is not a number that JSON can hold'],
    ['-.inf', 'unsupported value: `-.inf` is not a number that JSON can hold'],
    ['.NaN', 'unsupported value: `.NaN` is not a number that JSON can hold'],
    ['!!int foo', 'cannot decode !!str `foo` as a !!int'],
    ['!!int 1.5', 'cannot decode !!float `1.5` as a !!int'],
    ['!!int ~', 'cannot decode !!null `~` as a !!int'],
    ['!!bool 1', 'cannot decode !!int `1` as a !!bool'],
    ['!!float yes', 'cannot decode !!bool `yes` as a !!float'],
    ['!!float 18446744073709551615', 'cannot decode !!int `18446744073709551615` as a !!float'],
    ['!!null x', 'cannot decode !!str `x` as a !!null'],
    ['!!timestamp x', 'cannot decode !!str `x` as a !!timestamp'],
    ['!!binary "***"', '!!binary value contains invalid base64 data'],
    ['!!binary "aGV sbG8="', '!!binary value contains invalid base64 data'],
    ['"\\ud800"', 'found invalid Unicode character escape code'],
  ])('v: %s', (text, message) => {
    expect(outcome(`v: ${text}`)).toStrictEqual({ values: [], problems: [`yaml-syntax: not valid YAML: ${message}`] });
  });
});
