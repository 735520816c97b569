import {
  type Command,
  type List,
  type ListItem,
  type Piece,
  type Pipeline,
  type Redirect,
  ShellError,
  type Word,
} from './syntax.ts';

const MAX_SCRIPT = 65_536;
const MAX_DEPTH = 40;
const MAX_PIPELINE = 50;
/** Words that end a list where a command could stand. */
const CLOSING: ReadonlySet<string> = new Set(['do', 'done', 'then', 'else', 'elif', 'fi', '}']);
const UNKNOWN: ReadonlySet<string> = new Set(['case', 'esac', 'function', 'select', '[[', 'coproc']);
const BLANK = /[ \t]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws `ShellError`. */
export function parseScript(script: string): List {
  if (script.length > MAX_SCRIPT) throw new ShellError(127, 'the simulation reads no scripts as long as this');
  const parser = new Parser(script);
  return parser.whole();
}

class Parser {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): List {
    const list = this.list();
    if (this.at < this.text.length) throw this.unexpected();
    return list;
  }

  private list(): List {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new ShellError(127, 'the simulation reads no scripts as deep as this');
    const items: ListItem[] = [];
    let after: ListItem['after'] = ';';
    for (;;) {
      this.skipLines();
      if (this.ends()) break;
      const pipeline = this.pipeline();
      this.skipBlanks();
      if (this.take('&&')) {
        items.push({ pipeline, after, background: false });
        after = '&&';
        this.skipLines();
        if (this.ends()) throw this.unexpected();
      } else if (this.take('||')) {
        items.push({ pipeline, after, background: false });
        after = '||';
        this.skipLines();
        if (this.ends()) throw this.unexpected();
      } else {
        const background = this.text[this.at] === '&' && this.take('&');
        items.push({ pipeline, after, background });
        after = ';';
        if (!background && !this.take(';') && !this.take('\n')) break;
        if (this.text[this.at] === ';') throw this.unexpected();
      }
    }
    this.depth -= 1;
    return items;
  }

  private ends(): boolean {
    return this.at >= this.text.length || this.text[this.at] === ')' || CLOSING.has(this.peekWord());
  }

  private pipeline(): Pipeline {
    const commands: Command[] = [];
    const negated = this.peekWord() === '!';
    if (negated) this.at += 1;
    for (;;) {
      this.skipBlanks();
      commands.push(this.command());
      if (commands.length > MAX_PIPELINE) throw new ShellError(127, 'the simulation pipes no further than this');
      this.skipBlanks();
      if (this.text.startsWith('||', this.at) || !this.take('|')) break;
      this.skipLines();
    }
    return { negated, commands };
  }

  private command(): Command {
    if (this.take('(')) {
      const list = this.list();
      this.expect(')');
      return { kind: 'group', list, own: true, redirects: this.redirects() };
    }
    const word = this.peekWord();
    if (UNKNOWN.has(word)) throw new ShellError(127, `the simulated shell has no \`${word}\``);
    switch (word) {
      case '{': {
        this.keyword(word);
        const list = this.list();
        this.keyword('}');
        return { kind: 'group', list, own: false, redirects: this.redirects() };
      }
      case 'while':
      case 'until': {
        this.keyword(word);
        const condition = this.list();
        return { kind: 'while', until: word === 'until', condition, body: this.body(), redirects: this.redirects() };
      }
      case 'for':
        return this.forLoop();
      case 'if':
        return this.conditional();
      default:
        return this.simple();
    }
  }

  private body(): List {
    this.skipLines();
    this.keyword('do');
    const body = this.list();
    this.keyword('done');
    return body;
  }

  private forLoop(): Command {
    this.keyword('for');
    this.skipBlanks();
    const name = this.peekWord();
    if (!NAME.test(name)) throw this.unexpected();
    this.at += name.length;
    this.skipBlanks();
    const words: Word[] = [];
    if (this.peekWord() === 'in') {
      this.keyword('in');
      this.skipBlanks();
      while (!this.atOperator()) {
        words.push(this.word());
        this.skipBlanks();
      }
    }
    this.take(';');
    return { kind: 'for', name, words, body: this.body(), redirects: this.redirects() };
  }

  private conditional(): Command {
    const branches: { readonly condition: List; readonly body: List }[] = [];
    let otherwise: List = [];
    this.keyword('if');
    for (;;) {
      const condition = this.list();
      this.keyword('then');
      branches.push({ condition, body: this.list() });
      const next = this.peekWord();
      if (next === 'elif') {
        this.keyword('elif');
        continue;
      }
      if (next === 'else') {
        this.keyword('else');
        otherwise = this.list();
      }
      this.keyword('fi');
      return { kind: 'if', branches, otherwise, redirects: this.redirects() };
    }
  }

  private simple(): Command {
    const assignments: [string, Word][] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      this.skipBlanks();
      const redirect = this.redirect();
      if (redirect !== undefined) {
        redirects.push(redirect);
        continue;
      }
      if (this.atOperator()) break;
      const assigned =
        words.length === 0 ? /^[A-Za-z_][A-Za-z0-9_]{0,255}=/.exec(this.text.slice(this.at, this.at + 300)) : null;
      if (assigned !== null) {
        this.at += assigned[0].length;
        assignments.push([assigned[0].slice(0, -1), this.atBreak() ? [] : this.word()]);
      } else words.push(this.word());
    }
    if (assignments.length + words.length + redirects.length === 0) throw this.unexpected();
    if (this.text[this.at] === '(' && words.length === 1)
      throw new ShellError(127, 'the simulated shell has no functions');
    return { kind: 'simple', assignments, words, redirects };
  }

  private redirects(): readonly Redirect[] {
    const redirects: Redirect[] = [];
    for (;;) {
      this.skipBlanks();
      const redirect = this.redirect();
      if (redirect === undefined) return redirects;
      redirects.push(redirect);
    }
  }

  private redirect(): Redirect | undefined {
    const match = /^([012]?)(>>|>&|<<|>|<)|^&>/.exec(this.text.slice(this.at, this.at + 4));
    if (match === null) return undefined;
    const [whole, number, operator] = match;
    if (operator === '<<') throw new ShellError(127, 'the simulated shell has no here-documents');
    this.at += whole.length;
    this.skipBlanks();
    const target = this.word();
    if (operator === undefined) return { fd: 1, kind: 'both', target };
    const fd =
      number === '' || number === undefined ? (operator === '<' ? 0 : 1) : number === '0' ? 0 : number === '1' ? 1 : 2;
    const kind = operator === '<' ? 'read' : operator === '>>' ? 'append' : operator === '>&' ? 'copy' : 'write';
    return { fd, kind, target };
  }

  private word(): Word {
    const pieces: Piece[] = [];
    let plain = '';
    const flush = (): void => {
      if (plain !== '') pieces.push({ kind: 'text', text: plain, quoted: false });
      plain = '';
    };
    while (!this.atBreak()) {
      const char = this.text[this.at] ?? '';
      if (char === "'") {
        flush();
        const end = this.text.indexOf("'", this.at + 1);
        if (end < 0) throw new ShellError(2, 'syntax error: unterminated quoted string');
        pieces.push({ kind: 'text', text: this.text.slice(this.at + 1, end), quoted: true });
        this.at = end + 1;
      } else if (char === '"') {
        flush();
        this.at += 1;
        pieces.push({ kind: 'text', text: '', quoted: true }, ...this.quoted());
      } else if (char === '\\') {
        flush();
        pieces.push({ kind: 'text', text: this.text[this.at + 1] ?? '', quoted: true });
        this.at += 2;
      } else if (char === '$' || char === '`') {
        const piece = this.expansion(false);
        if (piece === undefined) plain += char;
        else {
          flush();
          pieces.push(piece);
        }
      } else {
        plain += char;
        this.at += 1;
      }
    }
    flush();
    if (pieces.length === 0) throw this.unexpected();
    return pieces;
  }

  /** To the closing double quote. */
  private quoted(): readonly Piece[] {
    const pieces: Piece[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') pieces.push({ kind: 'text', text, quoted: true });
      text = '';
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new ShellError(2, 'syntax error: unterminated quoted string');
      if (char === '"') {
        this.at += 1;
        flush();
        return pieces;
      }
      if (char === '\\' && /["\\$`\n]/.test(this.text[this.at + 1] ?? '')) {
        text += this.text[this.at + 1] === '\n' ? '' : (this.text[this.at + 1] ?? '');
        this.at += 2;
      } else if (char === '$' || char === '`') {
        const piece = this.expansion(true);
        if (piece === undefined) text += char;
        else {
          flush();
          pieces.push(piece);
        }
      } else {
        text += char;
        this.at += 1;
      }
    }
  }

  /** At a `$` or a backquote. `undefined`, one character further, when it is nothing but itself. */
  private expansion(quoted: boolean): Piece | undefined {
    if (this.text[this.at] === '`') {
      const end = this.text.indexOf('`', this.at + 1);
      if (end < 0) throw new ShellError(2, 'syntax error: EOF in backquote substitution');
      const list = parseScript(this.text.slice(this.at + 1, end));
      this.at = end + 1;
      return { kind: 'command', list, quoted };
    }
    if (this.text.startsWith('$((', this.at)) {
      const end = this.text.indexOf('))', this.at);
      if (end < 0) throw new ShellError(2, 'syntax error: missing "))"');
      const text = this.text.slice(this.at + 3, end);
      this.at = end + 2;
      return { kind: 'sum', text, quoted };
    }
    if (this.text.startsWith('$(', this.at)) {
      this.at += 2;
      const list = this.list();
      this.expect(')');
      return { kind: 'command', list, quoted };
    }
    if (this.text.startsWith('${', this.at)) return this.braced(quoted);
    const name = /^\$([A-Za-z_][A-Za-z0-9_]{0,255}|[0-9?$#@*!])/.exec(this.text.slice(this.at, this.at + 260))?.[1];
    this.at += 1 + (name?.length ?? 0);
    return name === undefined ? undefined : { kind: 'variable', name, operator: '', word: [], quoted };
  }

  private braced(quoted: boolean): Piece {
    const match = /^\$\{([A-Za-z_][A-Za-z0-9_]{0,255}|[0-9?#@*])(?::?([-+=]))?/.exec(
      this.text.slice(this.at, this.at + 300),
    );
    const end = this.text.indexOf('}', this.at);
    if (match === null || end < 0)
      throw new ShellError(127, 'the simulated shell knows only ${NAME} and ${NAME:-WORD}');
    const [whole, name = '', operator] = match;
    const rest = this.text.slice(this.at + whole.length, end);
    if (operator === undefined && rest !== '')
      throw new ShellError(127, 'the simulated shell knows only ${NAME} and ${NAME:-WORD}');
    this.at = end + 1;
    const word: Word = rest === '' ? [] : new Parser(`"${rest.replaceAll('"', '')}"`).word();
    return {
      kind: 'variable',
      name,
      operator: operator === '-' || operator === '+' || operator === '=' ? operator : '',
      word,
      quoted,
    };
  }

  private atBreak(): boolean {
    const char = this.text[this.at];
    return char === undefined || /[ \t\n;&|()<>]/.test(char);
  }

  private atOperator(): boolean {
    const char = this.text[this.at];
    return char === undefined || /[\n;&|()]/.test(char);
  }

  /** The bare word here, without taking it; `''` for anything else. */
  private peekWord(): string {
    return /^[^ \t\n;&|()<>"'\\$`]+/.exec(this.text.slice(this.at, this.at + 300))?.[0] ?? '';
  }

  private keyword(wanted: string): void {
    this.skipLines();
    if (this.peekWord() !== wanted) throw this.unexpected();
    this.at += wanted.length;
  }

  private take(operator: string): boolean {
    if (!this.text.startsWith(operator, this.at)) return false;
    this.at += operator.length;
    return true;
  }

  private expect(operator: string): void {
    this.skipLines();
    if (!this.take(operator)) throw this.unexpected();
  }

  private skipBlanks(): void {
    for (;;) {
      if (BLANK.test(this.text[this.at] ?? '')) this.at += 1;
      else if (this.text.startsWith('\\\n', this.at)) this.at += 2;
      else if (this.text[this.at] === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else return;
    }
  }

  private skipLines(): void {
    this.skipBlanks();
    while (this.text[this.at] === '\n') {
      this.at += 1;
      this.skipBlanks();
    }
  }

  private unexpected(): ShellError {
    const word = this.peekWord() || this.text[this.at];
    return new ShellError(
      2,
      word === undefined ? 'syntax error: unexpected end of file' : `syntax error: unexpected "${word}"`,
    );
  }
}
