import { describe, expect, it } from 'vitest';
import { LatestWins } from '../../../../src/lab/runtime/netns/latest-wins.ts';
import { Turnstile } from '../../../../src/lab/runtime/netns/turnstile.ts';

class Gate {
  readonly entered: string[] = [];
  private readonly release: (() => void)[] = [];

  readonly enter = (name: string): Promise<void> => {
    this.entered.push(name);
    return new Promise((resolve) => this.release.push(resolve));
  };

  async open(): Promise<void> {
    this.release.shift()?.();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

describe('a state that is brought into force', () => {
  it('is overtaken by newer ones, and whoever asked for it waits for those', async () => {
    const gate = new Gate();
    const state = new LatestWins(gate.enter);
    const settled: string[] = [];
    const set = (name: string) => void state.set(name).then(() => settled.push(name));
    set('a');
    await gate.open();
    set('b');
    set('c');
    await gate.open();
    expect({ entered: gate.entered, settled }).toEqual({ entered: ['a', 'c'], settled: ['a'] });
    await gate.open();
    expect({ entered: gate.entered, settled }).toEqual({ entered: ['a', 'c'], settled: ['a', 'b', 'c'] });
  });

  it('can fail, and the next one is tried', async () => {
    const state = new LatestWins((name: string) =>
      name === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(),
    );
    await expect(state.set('bad')).rejects.toThrow('no');
    await expect(state.set('good')).resolves.toBeUndefined();
  });
});

describe('a turnstile', () => {
  it('lets so many in at a time, in order, whatever becomes of them', async () => {
    const gate = new Gate();
    const turnstile = new Turnstile(2);
    const passes = ['a', 'b', 'c', 'd'].map((name) =>
      turnstile
        .pass(async () => {
          await gate.enter(name);
          if (name === 'a') throw new Error('a');
        })
        .catch(() => undefined),
    );
    await Promise.resolve();
    expect(gate.entered).toEqual(['a', 'b']);
    await gate.open();
    expect(gate.entered).toEqual(['a', 'b', 'c']);
    for (let turn = 0; turn < 3; turn++) await gate.open();
    await Promise.all(passes);
    expect(gate.entered).toEqual(['a', 'b', 'c', 'd']);
  });
});
