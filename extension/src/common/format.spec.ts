import { describe, expect, it } from 'vitest';
import { ago, bytes, change, duration, exact, isNumeric, number, short, when } from './format';

describe('numbers', () => {
  it('have four significant digits in a table and all of them on hover', () => {
    expect([0.9166666, 0.1 + 0.2, 123456.789, 0.0001234567, 1e-9, 1.5e300].map(number)).toEqual([
      '0.9167',
      '0.3',
      '1.235e5',
      '1.235e-4',
      '1e-9',
      '1.5e300'
    ]);
    expect(exact(0.1 + 0.2)).toBe('0.30000000000000004');
  });

  it('that are whole are written in full', () => {
    expect([0, -7, 100000, 123456789].map(number)).toEqual(['0', '-7', '100000', '123456789']);
  });

  it('keep texts, truth values and what is missing', () => {
    expect(['forest', true, null, undefined, 'NaN'].map(number)).toEqual(['forest', 'true', '', '', 'NaN']);
    expect(['NaN', '-Infinity', 3, 'three', null].map(isNumeric)).toEqual([true, true, true, false, false]);
  });

  it('change with their sign', () => {
    expect([0.00694, -0.5, 0].map(change)).toEqual(['+0.00694', '−0.5', '=']);
  });
});

describe('times', () => {
  it('are in the unit that reads best', () => {
    expect([0.0351, 1.23, 59.96, 80, 7500, null].map(duration)).toEqual(['35 ms', '1.2 s', '60.0 s', '1 min 20 s', '2 h 5 min', '']);
  });

  it('are told from now', () => {
    expect([3, 61, 7200, 90000].map(seconds => ago(1000000 - seconds, 1000000, 'en'))).toEqual(['3s ago', '1m ago', '2h ago', 'yesterday']);
    expect(ago(2000000, 1000000, 'en')).toBe('now');
  });

  it('are local dates, also where a ledger has none that there can be', () => {
    expect(when(0, 'en')).toMatch(/19(70|69), \d+:\d\d:\d\d/);
    expect(when(1e20, 'en')).toBe('Invalid Date');
  });
});

it('sizes are in binary units', () => {
  expect([812, 1434, 24117248, null].map(bytes)).toEqual(['812 B', '1.4 KiB', '23.0 MiB', '']);
});

it('ids are shown by their first digits', () => {
  expect(short('0123456789abcdef')).toBe('01234567');
  expect(short(null)).toBe('');
});
