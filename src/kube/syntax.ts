/**
 * What the API server accepts as names, label keys, label values and ports. Every function returns the server's
 * complaints, an empty list when there are none. Limits count bytes, character classes are ASCII (T7).
 */

const NONE: readonly string[] = [];

const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1123_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const KEY_CHARACTERS =
  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Bytes of `text` in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes; every other unit beyond U+07FF is three bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function isLower(c: number): boolean {
  return c >= 97 && c <= 122;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isAlphanumeric(c: number): boolean {
  return isLower(c) || isDigit(c) || (c >= 65 && c <= 90);
}

/** `[a-z0-9]([-a-z0-9]*[a-z0-9])?` on `text[start, end)`. */
function isDnsLabel(text: string, start: number, end: number): boolean {
  if (start >= end) return false;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (isLower(c) || isDigit(c)) continue;
    if (c !== 45 || i === start || i === end - 1) return false;
  }
  return true;
}

/** `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]` on `text` from `start`. */
function isLabelWord(text: string, start: number): boolean {
  const end = text.length;
  if (start >= end) return false;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (isAlphanumeric(c)) continue;
    if ((c !== 45 && c !== 95 && c !== 46) || i === start || i === end - 1) return false;
  }
  return true;
}

function isSubdomain(text: string): boolean {
  for (let start = 0; ;) {
    const dot = text.indexOf('.', start);
    const end = dot < 0 ? text.length : dot;
    if (!isDnsLabel(text, start, end)) return false;
    if (dot < 0) return true;
    start = dot + 1;
  }
}

/** DNS-1123 subdomain, at most 253 bytes: most object names (S3). */
export function subdomainProblems(text: string): readonly string[] {
  const tooLong = byteLength(text) > 253;
  const malformed = !isSubdomain(text);
  if (!tooLong && !malformed) return NONE;
  return [...(tooLong ? ['must be no more than 253 bytes'] : []), ...(malformed ? [SUBDOMAIN_MESSAGE] : [])];
}

/** DNS-1123 label, at most 63 bytes: namespaces. */
export function dnsLabelProblems(text: string): readonly string[] {
  const tooLong = byteLength(text) > 63;
  const malformed = !isDnsLabel(text, 0, text.length);
  if (!tooLong && !malformed) return NONE;
  return [...(tooLong ? ['must be no more than 63 bytes'] : []), ...(malformed ? [LABEL_1123_MESSAGE] : [])];
}

/** DNS-1035 label, at most 63 bytes: Service names. */
export function dns1035LabelProblems(text: string): readonly string[] {
  const tooLong = byteLength(text) > 63;
  const malformed = !isDnsLabel(text, 0, text.length) || isDigit(text.charCodeAt(0));
  if (!tooLong && !malformed) return NONE;
  return [...(tooLong ? ['must be no more than 63 bytes'] : []), ...(malformed ? [LABEL_1035_MESSAGE] : [])];
}

/** A label (or annotation) key: an optional DNS prefix and a name part (S47). */
export function labelKeyProblems(key: string): readonly string[] {
  const slash = key.indexOf('/');
  if (slash !== key.lastIndexOf('/')) {
    return [
      `a valid label key must consist of ${KEY_CHARACTERS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const start = slash + 1;
  if (
    slash < 0
      ? key.length <= 63 && isLabelWord(key, 0)
      : slash <= 253 && key.length - start <= 63 && isLabelWord(key, start) && isSubdomain(key.slice(0, slash))
  ) {
    return NONE;
  }
  const problems: string[] = [];
  if (slash === 0) problems.push('prefix part must be non-empty');
  else if (slash > 0)
    for (const problem of subdomainProblems(key.slice(0, slash))) problems.push(`prefix part ${problem}`);
  const name = key.slice(start);
  if (name === '') problems.push('name part must be non-empty');
  else if (byteLength(name) > 63) problems.push('name part must be no more than 63 bytes');
  if (!isLabelWord(name, 0)) problems.push(`name part must consist of ${KEY_CHARACTERS}`);
  return problems;
}

/** A label value; the empty string is legal (S47). */
export function labelValueProblems(value: string): readonly string[] {
  if (value === '' || (value.length <= 63 && isLabelWord(value, 0))) return NONE;
  const problems: string[] = [];
  if (byteLength(value) > 63) problems.push('must be no more than 63 bytes');
  if (!isLabelWord(value, 0)) problems.push(LABEL_VALUE_MESSAGE);
  return problems;
}

/** 1..65535 (S33). */
export function portNumberProblems(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? NONE : ['must be between 1 and 65535, inclusive'];
}

/** An IANA service name in lower case: the name of a port (S34). Every failing check is a complaint of its own. */
export function portNameProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (byteLength(name) > 15) problems.push('must be no more than 15 characters');
  let onlyLegal = name.length > 0;
  let letter = false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (isLower(c)) letter = true;
    else if (!isDigit(c) && c !== 45) onlyLegal = false;
  }
  if (!onlyLegal) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!letter) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems.length === 0 ? NONE : problems;
}
