import { type CommandNode, allCommands } from '../command-tree.ts';
import { spellings, valueKind } from './values.ts';

/** Works without the bash-completion package, and with bash 3.2 (macOS). */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const words = root.commands.map(({ path }) => path.join(' '));
  return `# bash completion for sallyport. Generated; load it with: source <(sallyport completion bash)
_sallyport() {
  local word previous command index
  word="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  command=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
      ${words.join(' | ')}) command="\${COMP_WORDS[index]}"; break ;;
    esac
  done
  COMPREPLY=()
  case "$command:$previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command" in
${commands.map(wordCase).join('\n')}
  esac
}
complete -F _sallyport sallyport
`;
}

function valueCases(command: CommandNode): readonly string[] {
  const name = command.path.join(' ');
  return command.options.flatMap((option) => {
    const patterns = spellings(option)
      .map((flag) => `${name}:${flag}`)
      .join(' | ');
    switch (valueKind(option)) {
      case undefined:
        return [];
      case 'words':
        return [`    ${patterns}) COMPREPLY=($(compgen -W "${option.choices.join(' ')}" -- "$word")); return ;;`];
      case 'files':
        return [`    ${patterns}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return ;;`];
      case 'folders':
        return [`    ${patterns}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$word")); return ;;`];
      case 'anything':
        return [`    ${patterns}) return ;;`];
    }
  });
}

function wordCase(command: CommandNode): string {
  const options = command.options.flatMap(spellings);
  const others = [
    ...command.commands.map(({ path }) => path.at(-1) ?? ''),
    ...command.arguments.flatMap(({ choices }) => choices),
  ];
  const name = command.path.join(' ');
  return `    "${name}")
      if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word"))
      else COMPREPLY=($(compgen -W "${others.join(' ')}" -- "$word")); fi ;;`;
}
