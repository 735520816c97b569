/** Names for findings that survive edits elsewhere in the file. */
import type { Finding } from './finding.ts';
import type { RuleInfo } from './rule.ts';

/**
 * 16 hexadecimal digits made from rule, object and key (or the text at the place, without its layout). Equal findings
 * are numbered in their order, so that each has its own. Files and lines do not count: moving an object keeps its
 * baseline.
 */
export function fingerprints(findings: readonly (Finding & { readonly rule: RuleInfo })[]): readonly string[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const text = JSON.stringify([finding.rule.name, finding.object ?? '', finding.key ?? textAt(finding)]);
    const earlier = seen.get(text) ?? 0;
    seen.set(text, earlier + 1);
    return hash(earlier === 0 ? text : `${text}#${earlier}`);
  });
}

function textAt({ place }: Finding): string {
  if (place === undefined) return '';
  const { source, start, end } = place;
  return source.text
    .slice(start, end)
    .split('\n')
    .map((line) => line.replace(/(?:^|[ \t])#.*$/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
}

const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** FNV-1a with 64 bits: no secret is kept here, and the floor has no cryptography. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    value = ((value ^ BigInt(text.charCodeAt(i))) * PRIME) & MASK;
  }
  return value.toString(16).padStart(16, '0');
}
