/** Names that stand twice in one object of a JSON text: a parser keeps the last one and says nothing. */

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const mostReported = 100;

interface Frame {
  /** Names so far; `undefined` for a list. */
  readonly names: Set<string> | undefined;
  /** Of the value that is being read. */
  name: string;
  index: number;
}

/** Paths like `spec.ports[0].port`, at most a hundred. The text must be JSON: it is not checked. */
export function duplicateKeys(text: string): readonly string[] {
  const found: string[] = [];
  const frames: Frame[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const frame = frames.at(-1);
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (isName && frame?.names !== undefined) {
          frame.name = nameOf(text.slice(at, end + 1));
          if (!frame.names.has(frame.name)) frame.names.add(frame.name);
          else if (found.length < mostReported) found.push(pathOf(frames));
        }
        at = end;
        break;
      }
      case OPEN_OBJECT:
        frames.push({ names: new Set(), name: '', index: 0 });
        isName = true;
        break;
      case OPEN_LIST:
        frames.push({ names: undefined, name: '', index: 0 });
        isName = false;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        frames.pop();
        isName = false;
        break;
      case COMMA:
        isName = frame?.names !== undefined;
        if (frame !== undefined) frame.index += 1;
        break;
      case COLON:
        isName = false;
        break;
      default:
        break;
    }
  }
  return found;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function pathOf(frames: readonly Frame[]): string {
  return frames
    .map(({ names, name, index }, depth) => (names === undefined ? `[${index}]` : depth === 0 ? name : `.${name}`))
    .join('');
}
