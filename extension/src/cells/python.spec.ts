import { describe, expect, it } from 'vitest';
import { essence, isSameCode, isTracked, startsLedger, toggleTrack } from './python';

function applied(source: string): string {
  const { start, end, text } = toggleTrack(source);
  return source.slice(0, start) + text + source.slice(end);
}

describe('two sources are the same code', () => {
  it.each([
    ['the very same', 'x = 1', 'x = 1'],
    ['other comments', 'x = 1  # one', 'x = 1'],
    ['a comment of its own line', '# here\nx = 1', 'x = 1'],
    ['blank lines', 'x = 1\n\n\ny = 2\n', 'x = 1\ny = 2'],
    ['other spacing', 'f( a,b )', 'f(a, b)'],
    ['lines broken inside brackets', 'f(\n    a,\n    b\n)', 'f(a, b)'],
    ['a continued line', 'x = 1 + \\\n  2', 'x = 1 + 2'],
    ['Windows line ends', 'x = 1\r\ny = 2', 'x = 1\ny = 2'],
    ['a %%track line', '%%track base\nx = 1', 'x = 1'],
    ['%%track options', '%%track a -t k=v\nx = 1', '%%track b\nx = 1'],
    ['a hash in a text', "x = '# not a comment'", "x = '# not a comment' # but this is"]
  ])('with %s', (_, live, recorded) => {
    expect(isSameCode(live, recorded)).toBe(true);
  });

  it.each([
    ['another number', 'x = 1', 'x = 2'],
    ['another indentation', 'if a:\n    b\nc', 'if a:\n    b\n    c'],
    ['a hash that differs inside a text', "x = '# a'", "x = '# b'"],
    ['spaces inside a text', "x = 'a b'", "x = 'ab'"],
    ['a line break inside a text', "x = '''a\nb'''", "x = '''ab'''"],
    ['words that run together', 'not x', 'notx'],
    ['two lines in place of one', 'a\nb', 'a b'],
    ['a magic of other options', '%time f( x )', '%time f(x)'],
    ['another cell magic', '%%time\nx', '%%timeit\nx']
  ])('but not with %s', (_, live, recorded) => {
    expect(isSameCode(live, recorded)).toBe(false);
  });

  it('whatever stood where the ledger has [redacted]', () => {
    const recorded = "key = '[redacted]'\nconnect(key, 1)";
    expect(isSameCode("key = 'AKIA1234567890'\nconnect(key, 1)", recorded)).toBe(true);
    expect(isSameCode("key = 'AKIA1234567890'\nconnect(key, 2)", recorded)).toBe(false);
    expect(isSameCode('connect(key, 1)', recorded)).toBe(false);
  });

  it('also where a text or bracket is not finished', () => {
    expect(essence('x = "abc')).toBe('x="abc\n');
    expect(essence("'''abc\n\\")).toContain('abc');
    expect(essence(')(\n a')).toBeTruthy();
  });
});

describe('%%track', () => {
  it('is put on top and taken away again', () => {
    expect(applied('x = 1')).toBe('%%track\nx = 1');
    expect(applied('%%track\nx = 1')).toBe('x = 1');
    expect(applied('')).toBe('%%track\n');
  });

  it('is found with options, and below another cell magic', () => {
    expect(isTracked('%%track baseline -e churn\nx')).toBe(true);
    expect(isTracked('%%time\n%%track\nx')).toBe(true);
    expect(applied('%%time\n%%track --quiet\nx')).toBe('%%time\nx');
  });

  it('is neither help nor a magic of a similar name, nor text further down', () => {
    expect(isTracked('%%track?')).toBe(false);
    expect(isTracked('%%tracker\nx')).toBe(false);
    expect(isTracked('x = 1\n%%track')).toBe(false);
  });
});

it('knows the cells that start the recording', () => {
  expect(startsLedger('import pandas\n%load_ext nbledger')).toBe(true);
  expect(startsLedger('%track on --quiet')).toBe(true);
  expect(startsLedger('%load_ext autoreload')).toBe(false);
  expect(startsLedger('# %load_ext nbledger')).toBe(false);
});
