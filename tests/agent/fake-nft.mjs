/**
 * A program that takes the place of nft: it knows the commands that the agent uses, keeps what they made in the file
 * that FAKE_NFT_STATE names, and writes every transaction to the end of FAKE_NFT_LOG. What has the text of
 * FAKE_NFT_REFUSES in it is refused as the kernel would.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { FAKE_NFT_STATE: stateFile = '', FAKE_NFT_LOG: logFile = '', FAKE_NFT_REFUSES: refused = '' } = process.env;
const options = process.argv.slice(2);

/**
 * @typedef {{ kind: string, type: string, elements: Record<string, string> }} FakeSet
 * @typedef {{ head: string, rules: { text: string, handle: number }[] }} FakeChain
 * @typedef {{ handle: number, sets: Record<string, FakeSet>, chains: Record<string, FakeChain> }} Table
 * @typedef {{ handles: number, table: Table | null }} State
 */

/** @returns {State} */
function load() {
  if (!existsSync(stateFile)) return { handles: 0, table: null };
  /** @type {unknown} */
  const state = JSON.parse(readFileSync(stateFile, 'utf8'));
  return /** @type {State} */ (state);
}

class Refused extends Error {}
const missing = () => new Refused('No such file or directory');

/**
 * Changes `state` as one command says; gives what it prints.
 *
 * @param {State} state
 * @param {string} command
 */
function execute(state, command) {
  const [verb, what, , table, name = '', ...rest] = command.split(/\s+/);
  const more = rest.join(' ');
  if (verb === undefined || what === undefined) throw new Refused(`syntax error\n${command}`);
  // Tables that come and go with one transaction or one question.
  if (table !== 'sallyport') return '';
  if (what === 'table') {
    if (verb === 'add') state.table ??= { handle: ++state.handles, sets: {}, chains: {} };
    else if (state.table === null) throw missing();
    else if (verb === 'delete') state.table = null;
    else if (verb === 'list') return printed(state.table);
    return '';
  }
  if (state.table === null) throw missing();
  const { sets, chains } = state.table;
  if (verb === 'list') return printedSet(name, sets[name]);
  switch (`${verb} ${what}`) {
    case 'create set':
    case 'create map':
      sets[name] ??= { kind: what, type: /type ([^;]*?) ?;/.exec(more)?.[1] ?? '', elements: {} };
      break;
    case 'delete set':
    case 'delete map':
      if (sets[name] === undefined) throw missing();
      delete sets[name];
      break;
    case 'create chain':
      chains[name] ??= { head: /^\{(.*)\}$/.exec(more)?.[1]?.trim() ?? '', rules: [] };
      break;
    case 'flush chain':
      if (chains[name] === undefined) throw missing();
      chains[name].rules = [];
      break;
    case 'delete chain':
      if (chains[name] === undefined) throw missing();
      delete chains[name];
      break;
    case 'add rule':
      if (chains[name] === undefined) throw missing();
      chains[name].rules.push({ text: more, handle: ++state.handles });
      break;
    case 'add element':
    case 'delete element': {
      if (sets[name] === undefined) throw missing();
      for (const element of more.replace(/^\{|\}$/g, '').split(',')) {
        const [key = '', value = ''] = element.trim().split(' : ');
        if (verb === 'add') sets[name].elements[key] = value;
        else if (!(key in sets[name].elements)) throw missing();
        else delete sets[name].elements[key];
      }
      break;
    }
    default:
      // Counters and the like: they exist, and that is all.
      if (verb !== 'add' && verb !== 'delete' && verb !== 'reset') throw new Refused(`syntax error\n${command}`);
  }
  return '';
}

/** @param {Table} table */
function printed({ handle, sets, chains }) {
  const lines = [`table inet sallyport { # handle ${handle}`];
  for (const [name, { kind, type }] of Object.entries(sets))
    lines.push(`\t${kind} ${name} {`, `\t\ttype ${type}`, '\t}', '');
  for (const [name, { head, rules }] of Object.entries(chains)) {
    lines.push(`\tchain ${name} {`, ...(head === '' ? [] : [`\t\t${head}`]));
    for (const rule of rules) lines.push(`\t\t${rule.text} # handle ${rule.handle}`);
    lines.push('\t}', '');
  }
  return `${lines.join('\n')}\n}\n`;
}

/**
 * @param {string} name
 * @param {FakeSet | undefined} set
 */
function printedSet(name, set) {
  if (set === undefined) throw missing();
  const elements = Object.entries(set.elements).map(([key, value]) => (value === '' ? key : `${key} : ${value}`));
  const shown = elements.length === 0 ? '' : `\t\telements = { ${elements.join(', ')} }\n`;
  return `table inet sallyport {\n\t${set.kind} ${name} {\n\t\ttype ${set.type}\n${shown}\t}\n}\n`;
}

/**
 * All of the commands or none.
 *
 * @param {string} text
 */
function transact(text) {
  const state = load();
  let output = '';
  try {
    if (refused !== '' && text.includes(refused)) throw new Refused('Could not process rule: Invalid argument');
    for (const command of text.split('\n')) if (command.trim() !== '') output += execute(state, command.trim());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
  process.stdout.write(output);
  if (!/^list /m.test(text) && !options.includes('--check')) {
    // Tests read it at any time.
    const next = `${stateFile}.${process.pid}`;
    writeFileSync(next, JSON.stringify(state));
    renameSync(next, stateFile);
    appendFileSync(logFile, `${text.trimEnd()}\n---\n`);
  }
  return 0;
}

const file = options.indexOf('-f');
if (options.includes('--version') || options.includes('-v')) process.stdout.write('nftables v1.0.6 (fake)\n');
else if (options.includes('-i')) {
  for await (const line of createInterface({ input: process.stdin })) transact(line.replaceAll(/(?<! ); /g, '\n'));
} else if (file >= 0) {
  const path = options[file + 1] ?? '-';
  process.exitCode = transact(readFileSync(path === '-' ? 0 : path, 'utf8'));
} else {
  process.exitCode = transact(
    options
      .filter((option) => !option.startsWith('-'))
      .join(' ')
      .replaceAll(';', '\n'),
  );
}
