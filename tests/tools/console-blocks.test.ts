import { describe, expect, it } from 'vitest';
import { refreshConsoleBlocks, splitWords } from '../../tools/console-blocks.mjs';

const echo = (command: string): string => `ran ${command}\n`;

describe('console blocks', () => {
  it('are given the output of their commands', () => {
    const page = 'Text\n\n```console\n$ a b\nold\nolder\n\n$ c\n```\n\nmore\n';
    expect(refreshConsoleBlocks(page, echo)).toBe('Text\n\n```console\n$ a b\nran a b\n\n$ c\nran c\n```\n\nmore\n');
  });

  it('stay as they are when nothing changed', () => {
    const page = '```console\n$ a\nran a\n```\n';
    expect(refreshConsoleBlocks(page, echo)).toBe(page);
  });

  it('keep their indentation in lists', () => {
    const page = '- item\n\n  ```console\n  $ a\n  ```\n';
    expect(refreshConsoleBlocks(page, () => 'x\n\ny\n')).toBe('- item\n\n  ```console\n  $ a\n  x\n\n  y\n  ```\n');
  });

  it('leave other fences alone', () => {
    const page = '```sh\n$ a\nold\n```\n\n```json\n{}\n```\n';
    expect(refreshConsoleBlocks(page, echo)).toBe(page);
  });

  it('take output literally, dollars included', () => {
    expect(refreshConsoleBlocks('```console\n$ a\n```\n', () => '$& $1')).toBe('```console\n$ a\n$& $1\n```\n');
  });

  it('split commands into words as a shell does with quotes', () => {
    expect(splitWords(`npx sallyport map -l "app in (a, b)" -f 'x y'`)).toEqual([
      'npx',
      'sallyport',
      'map',
      '-l',
      'app in (a, b)',
      '-f',
      'x y',
    ]);
  });
});
