import { describe, expect, test } from 'vitest';
import { parseElements, parseTable } from '../../src/io/nft/table-listing.ts';

const listing = (rule: string): string => `table inet sallyport { # handle 12
	set pods4 { # handle 9
		type ipv4_addr
	}

	map in4 { # handle 4
		type ipv4_addr : verdict
	}

	counter hits { # handle 5
		packets 0 bytes 0
	}

	chain in_1 { # handle 19
		comment "n/NetworkPolicy/p"
		jump source # handle 38
		goto deny # handle 40
	}

	chain current { # handle 21
		${rule} # handle 80
	}

	chain forward { # handle 30
		type filter hook forward priority filter + 10; policy accept;
		ct state established,related jump current # handle 67
		icmpv6 type { 133, 134 } accept # handle 69
	}
}
`;

const whole = listing('ct mark 0x00070000/16 accept');

describe('a listing of the table', () => {
  test('has its chains, sets and handle', () => {
    const state = parseTable(whole, { shift: 16, bits: 16 });
    expect(state.handle).toBe('12');
    expect([...state.sets]).toEqual(['pods4', 'in4']);
    expect([...state.chains].map(([name, { rules }]) => [name, rules])).toEqual([
      ['in_1', 2],
      ['current', 1],
      ['forward', 2],
    ]);
  });

  test.each([
    ['ct mark 0x00070000/16 accept', { shift: 16, bits: 16 }, 7],
    ['ct mark & 0xffff0000 == 0x00070000 accept', { shift: 16, bits: 16 }, 7],
    ['ct mark & 0x00ff0000 == 0x00070000 accept', { shift: 16, bits: 8 }, 7],
    ['ct mark & 0x0000ffff == 0x0000ffff accept', { shift: 0, bits: 16 }, 65535],
    ['ct mark 0xfffe0001 accept', { shift: 0, bits: 32 }, 0xfffe0001],
    // Another field than ours: the number means something else.
    ['ct mark & 0x00ff0000 == 0x00070000 accept', { shift: 16, bits: 16 }, undefined],
    ['ct mark 0x00070000/16 accept', { shift: 24, bits: 8 }, undefined],
    ['accept', { shift: 16, bits: 16 }, undefined],
  ])('tells the generation: %s', (rule, field, generation) => {
    expect(parseTable(listing(rule), field).generation).toBe(generation);
  });

  test.each([
    ['a rule set again', whole.replace('handle 40', 'handle 41'), 'in_1'],
    ['another rule', whole.replace('goto deny', 'goto stamp'), 'in_1'],
    ['another hook', whole.replace('policy accept', 'policy drop'), 'forward'],
  ])('shows %s', (_what, changed, chain) => {
    const field = { shift: 16, bits: 16 };
    const [before, after] = [parseTable(whole, field), parseTable(changed, field)];
    for (const [name, { fingerprint }] of before.chains) {
      expect(after.chains.get(name)?.fingerprint === fingerprint).toBe(name !== chain);
    }
  });

  test('of elements has keys and values', () => {
    const text = `table inet sallyport {
	map in4 {
		type ipv4_addr : verdict
		elements = { 10.0.0.1 : goto in_1, 10.0.0.2 : goto in_2,
			     10.0.0.3 : goto in_1 }
	}
}
table inet sallyport {
	set pods6 {
		type ipv6_addr
		elements = { fd00::1 }
	}
}
table inet sallyport {
	set judged4 {
		type ipv4_addr
	}
}
`;
    expect(parseElements(text)).toEqual(
      new Map([
        [
          'in4',
          new Map([
            ['10.0.0.1', 'goto in_1'],
            ['10.0.0.2', 'goto in_2'],
            ['10.0.0.3', 'goto in_1'],
          ]),
        ],
        ['pods6', new Map([['fd00::1', '']])],
        ['judged4', new Map()],
      ]),
    );
  });

  test.each([[''], ['garbage'], ['table inet sallyport {\n'], ['\t\tlost # handle 1\n\t}\n']])(
    'of nonsense is empty: %j',
    (text) => {
      const state = parseTable(text, { shift: 16, bits: 16 });
      expect([state.chains.size, state.sets.size, state.generation]).toEqual([0, 0, undefined]);
      expect(parseElements(text).size).toBe(0);
    },
  );
});
