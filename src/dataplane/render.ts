/** A transaction as text for `nft -f -`. */
import { assertNever } from '../base/assert.ts';
import type { Operation, Transaction } from './transaction.ts';

/** Elements per command: lines stay readable, and nft's parser small. */
const CHUNK = 2000;
/** The kernel takes comments of up to 128 bytes with the final zero; the text is ASCII. */
const MAX_COMMENT = 120;

export function renderTransaction({ table, operations }: Transaction): string {
  const lines: string[] = [];
  const target = `inet ${table}`;
  for (const operation of operations) render(operation, target, lines);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function render(operation: Operation, table: string, lines: string[]): void {
  switch (operation.type) {
    case 'replace-table':
      lines.push(...deletion(table), `add table ${table}`);
      return;
    case 'delete-table':
      lines.push(...deletion(table));
      return;
    case 'add-counter': {
      const { name, comment } = operation.counter;
      const body = commentOf(comment);
      lines.push(`add counter ${table} ${name}${body === '' ? '' : ` {${body} }`}`);
      return;
    }
    case 'delete-counter':
      lines.push(`delete counter ${table} ${operation.counter}`);
      return;
    // A set or a chain that is there already is not the one that is meant: `create` refuses where `add` would keep it.
    case 'add-set': {
      const { name, kind, type, interval } = operation.set;
      lines.push(`create ${kind} ${table} ${name} { type ${type} ;${interval ? ' flags interval ;' : ''} }`);
      return;
    }
    case 'delete-set':
      lines.push(`delete ${operation.set.kind} ${table} ${operation.set.name}`);
      return;
    case 'add-chain': {
      const { name, hook, comment } = operation.chain;
      const body = `${hook === undefined ? '' : ` ${hook.replaceAll(';', ' ;')}`}${commentOf(comment)}`;
      lines.push(`create chain ${table} ${name}${body === '' ? '' : ` {${body} }`}`);
      return;
    }
    case 'delete-chain':
      lines.push(`delete chain ${table} ${operation.chain}`);
      return;
    case 'set-rules':
      if (!operation.fresh) lines.push(`flush chain ${table} ${operation.chain}`);
      for (const rule of operation.rules) lines.push(`add rule ${table} ${operation.chain} ${rule}`);
      return;
    case 'add-elements': {
      const elements = [...operation.elements].map(([key, value]) => (value === '' ? key : `${key} : ${value}`));
      chunks(elements, (text) => lines.push(`add element ${table} ${operation.set} { ${text} }`));
      return;
    }
    case 'delete-elements':
      chunks(operation.keys, (text) => lines.push(`delete element ${table} ${operation.set} { ${text} }`));
      return;
    default:
      assertNever(operation);
  }
}

/** Deleting what is not there fails, so it is made first. */
function deletion(table: string): string[] {
  return [`add table ${table}`, `delete table ${table}`];
}

function chunks(elements: readonly string[], emit: (text: string) => void): void {
  for (let at = 0; at < elements.length; at += CHUNK) emit(elements.slice(at, at + CHUNK).join(', '));
}

/**
 * nft has no way to escape anything inside quotes, so what could end them, and everything else that names of
 * Kubernetes objects do not have, becomes `?`.
 */
function commentOf(text: string): string {
  if (text === '') return '';
  const safe = text.replace(/[^A-Za-z0-9 ._/-]/g, '?');
  const short = safe.length > MAX_COMMENT ? `${safe.slice(0, MAX_COMMENT - 3)}...` : safe;
  return ` comment "${short}" ;`;
}
