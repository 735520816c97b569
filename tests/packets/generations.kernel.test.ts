/** A field so narrow that generations are used up at once: what idle connections may do when the first one returns. */
import { afterEach, expect, it } from 'vitest';
import { describeKernel } from './kernel.ts';
import { addresses, letsIn, OneNode, pod, type OneNodeOptions } from './one-node.ts';

const field = { shift: 30, bits: 2 };
const all = [pod('server'), pod('client'), pod('friend')];
const [server4, server6] = addresses.server;
/** Whoever is cut hears nothing, for so long. */
const silenceMs = 600;

describeKernel('generations that are used up', () => {
  let one: OneNode | undefined;
  afterEach(() => one?.close());

  /** Opens flows in generation 2 and forbids those of the client; then all generations go by. */
  async function goRound(options: OneNodeOptions) {
    one = await OneNode.open({ field, ...options });
    await one.enforce(...all, letsIn('server', ['client', 'friend']));
    expect(one.enforcer.generation).toBe(2);
    const flows = async (who: 'client' | 'friend') => {
      if (one === undefined) return [];
      const opened = [
        await one.connect(who, server4),
        await one.connect(who, server6),
        await one.connect(who, server4, { protocol: 'UDP', port: 53 }),
      ];
      expect(opened.map(({ result }) => result)).toEqual(['open', 'open', 'open']);
      for (const flow of opened) expect(await flow.say()).toBe('answer');
      return opened;
    };
    const [forbidden, allowed] = [await flows('client'), await flows('friend')];
    await one.enforce(...all, letsIn('server', ['friend']));
    const judged = await one.tables.read('sallyport', field);
    expect([one.enforcer.generation, judged?.generation]).toEqual([3, 3]);
    for (const flow of allowed) expect(await flow.say()).toBe('answer');
    expect(await one.enforcer.checkDrift()).toBeUndefined();
    expect(await one.enforcer.renewGenerations()).toBe(true);
    expect(one.enforcer.generation).toBe(1);
    expect(await one.enforcer.checkDrift()).toBeUndefined();
    // Round again, to the number that the idle flows carry.
    await one.enforce(...all, letsIn('server', ['friend']), letsIn('client', ['server']));
    expect(one.enforcer.generation).toBe(2);
    return { forbidden, allowed };
  }

  it('no idle connection comes to life again, and no allowed one is lost', async () => {
    const { forbidden, allowed } = await goRound({});
    for (const flow of forbidden) expect(await flow.say(silenceMs)).toBe('silence');
    for (const flow of allowed) expect(await flow.say()).toBe('answer');
  });

  it('which they would if their marks stayed', async () => {
    const { forbidden } = await goRound({ flowMarks: () => ({ clear: () => Promise.resolve(0) }) });
    expect(await forbidden[0]?.say()).toBe('answer');
  });
});
