/**
 * Markdown whose `console` blocks are what really happens.
 *
 * In a block fenced as `console` every line that begins with `$ ` is a command, and the lines up to the next command
 * are its output. Commands are `npx sallyport …` and `npm start`; they run in the root of the repository with the program as built.
 */

const fence = /^( *)```console\n([\s\S]*?)^\1```$/gm;

/**
 * The text with the output of every command in its place.
 *
 * @param {string} markdown
 * @param {(command: string) => string} run What the command prints.
 */
export function refreshConsoleBlocks(markdown, run) {
  return markdown.replace(fence, (_whole, /** @type {string} */ indent, /** @type {string} */ body) => {
    const commands = body
      .split('\n')
      .map((line) => line.slice(indent.length))
      .filter((line) => line.startsWith('$ '));
    const lines = commands.flatMap((line, index) => {
      const output = run(line.slice(2)).trimEnd().split('\n');
      return [...(index > 0 ? [''] : []), line, ...output];
    });
    const text = lines.map((line) => (line === '' ? '' : indent + line)).join('\n');
    return `${indent}\`\`\`console\n${text}\n${indent}\`\`\``;
  });
}

/**
 * Splits a command line into words; quotes group, and there are no other shell features.
 *
 * @param {string} command
 */
export function splitWords(command) {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}
