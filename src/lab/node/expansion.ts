/** `$(NAME)` in values, commands and arguments, as the kubelet replaces it. */
import { StartRefusal } from './start-refusal.ts';

/** A text can name another as often as it likes; together they stay below this. */
const MAX_CHARACTERS = 1_048_576;

/**
 * `$(NAME)` becomes the value of the variable, or stays as it is when there is none; `$$` becomes `$`. Throws
 * `StartRefusal` when the result is longer than a MiB.
 */
export function expand(text: string, variable: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text;
  const parts: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    length += part.length;
    if (length > MAX_CHARACTERS)
      throw new StartRefusal('CreateContainerConfigError', 'variables expand to more than 1 MiB');
    parts.push(part);
  };
  let from = 0;
  for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', from)) {
    add(text.slice(from, at));
    from = at + 2;
    if (text[at + 1] === '$') add('$');
    else if (text[at + 1] === '(') {
      const close = text.indexOf(')', at);
      if (close < 0) {
        // Nothing ends from here on: one look is enough.
        from = at;
        break;
      }
      add(variable(text.slice(at + 2, close)) ?? text.slice(at, close + 1));
      from = close + 1;
    } else add(text.slice(at, at + 2));
  }
  add(text.slice(from));
  return parts.join('');
}
