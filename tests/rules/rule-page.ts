/** A page of docs/rules as its sections and examples. */

export interface RulePage {
  readonly title: string;
  /** Texts by title, in their order. */
  readonly sections: ReadonlyMap<string, string>;
  /** The YAML of a section, each example together with what the section "Setting" has. */
  examples(section: string): readonly string[];
}

export function readRulePage(text: string): RulePage {
  const [head = '', ...parts] = text.split(/^## /m);
  const sections = new Map(
    parts.map((part) => {
      const [title = '', ...lines] = part.split('\n');
      return [title.trim(), lines.join('\n')] as const;
    }),
  );
  const setting = blocks(sections.get('Setting') ?? '');
  return {
    title: /^# (.*)$/m.exec(head)?.[1] ?? '',
    sections,
    examples: (section) => blocks(sections.get(section) ?? '').map((yaml) => [...setting, yaml].join('---\n')),
  };
}

function blocks(text: string): string[] {
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
}
