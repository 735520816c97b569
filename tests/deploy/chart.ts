/**
 * Renders the chart's templates as far as they use the template language: values by path, `default`, `quote`, `toYaml`,
 * `nindent`, `not`, `if`/`else`, `with`. Everything else is an error, so that nothing is rendered half.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

export const chartFolder = fileURLToPath(new URL('../../deploy/helm/sallyport/', import.meta.url));

export type Values = Readonly<Record<string, unknown>>;

interface Text {
  readonly type: 'text';
  readonly text: string;
}
interface Action {
  readonly type: 'action';
  readonly text: string;
}

export function chartValues(): Values {
  return parse(readFileSync(`${chartFolder}values.yaml`, 'utf8')) as Values;
}

/** The manifests of all templates, one text each. */
export function renderChart(values: Values, namespace: string): string[] {
  const chart = parse(readFileSync(`${chartFolder}Chart.yaml`, 'utf8')) as { readonly appVersion: string };
  const root = { Values: values, Release: { Namespace: namespace }, Chart: { AppVersion: chart.appVersion } };
  return readdirSync(`${chartFolder}templates`)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => new Renderer(tokens(readFileSync(`${chartFolder}templates/${name}`, 'utf8')), root).render());
}

function tokens(template: string): (Text | Action)[] {
  const list: (Text | Action)[] = [];
  let trimNext = false;
  let at = 0;
  const text = (piece: string, trimEnd: boolean): void => {
    let shown = trimNext ? piece.trimStart() : piece;
    if (trimEnd) shown = shown.trimEnd();
    list.push({ type: 'text', text: shown });
  };
  for (const match of template.matchAll(/\{\{(-?)\s*(.*?)\s*(-?)\}\}/g)) {
    text(template.slice(at, match.index), match[1] === '-');
    list.push({ type: 'action', text: match[2] ?? '' });
    trimNext = match[3] === '-';
    at = match.index + match[0].length;
  }
  text(template.slice(at), false);
  return list;
}

class Renderer {
  private readonly list: readonly (Text | Action)[];
  private readonly root: unknown;
  private at = 0;

  constructor(list: readonly (Text | Action)[], root: unknown) {
    this.list = list;
    this.root = root;
  }

  render(): string {
    const { text, end } = this.block(this.root);
    if (end !== '') throw new Error(`an ${end} too many`);
    return text;
  }

  /** Up to the `end` or `else` that closes it. */
  private block(dot: unknown): { readonly text: string; readonly end: string } {
    let text = '';
    for (let token = this.list[this.at++]; token !== undefined; token = this.list[this.at++]) {
      if (token.type === 'text') {
        text += token.text;
        continue;
      }
      const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(token.text) ?? [];
      if (word === 'end' || word === 'else') return { text, end: word };
      if (word === 'if' || word === 'with') {
        const value = this.value(rest, dot);
        const first = this.block(word === 'with' ? value : dot);
        const second = first.end === 'else' ? this.block(dot) : { text: '', end: first.end };
        if (second.end !== 'end') throw new Error(`no end of ${token.text}`);
        text += isTrue(value) ? first.text : second.text;
      } else {
        const value = this.value(token.text, dot);
        text += textOf(value, token.text);
      }
    }
    return { text, end: '' };
  }

  private value(expression: string, dot: unknown): unknown {
    const [first = '', ...pipes] = expression.split('|').map((part) => part.trim());
    let value = this.call(first, dot);
    for (const pipe of pipes) {
      const [name, argument = ''] = pipe.split(' ');
      if (name === 'quote') value = JSON.stringify(textOf(value, first));
      else if (name === 'default') value = isTrue(value) ? value : this.path(argument, dot);
      else if (name === 'nindent') value = `\n${indent(textOf(value, first), Number(argument))}`;
      else throw new Error(`the template language is more than ${pipe}`);
    }
    return value;
  }

  private call(text: string, dot: unknown): unknown {
    const [name = '', argument] = text.split(' ');
    if (argument === undefined) return this.path(name, dot);
    if (name === 'toYaml') return stringify(this.path(argument, dot)).trimEnd();
    if (name === 'not') return !isTrue(this.path(argument, dot));
    throw new Error(`the template language is more than ${text}`);
  }

  private path(path: string, dot: unknown): unknown {
    if (path === '.') return dot;
    if (!/^(\.[A-Za-z]+)+$/.test(path)) throw new Error(`the template language is more than ${path}`);
    // Inside `with`, paths would begin at its value: the chart uses only the dot there.
    return path
      .slice(1)
      .split('.')
      .reduce<unknown>((value, key) => (value as Values | undefined)?.[key], this.root);
  }
}

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${where} is no text`);
}

function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function indent(text: string, spaces: number): string {
  return text
    .split('\n')
    .map((line) => ' '.repeat(spaces) + line)
    .join('\n');
}
