import { type CommandNode, allCommands } from '../command-tree.ts';
import { spellings, valueKind } from './values.ts';

/** Works without the bash-completion package, and with bash 3.2 (macOS). */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const names = commands.flatMap(({ path }) => (path.length === 0 ? [] : [`"${path.join(' ')}"`]));
  return `# bash completion for sallyport. Generated; load it with: source <(sallyport completion bash)
_sallyport() {
  local word previous command longer index
  word="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  command=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ "\${COMP_WORDS[index]}" == -- ]]; then COMPREPLY=($(compgen -f -- "$word")); return; fi
    longer="\${command:+$command }\${COMP_WORDS[index]}"
    case "$longer" in
      ${names.join(' | ')}) command="$longer" ;;
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
      .map((flag) => `"${name}:${flag}"`)
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
