import { describe, expect, it } from 'vitest';
import { accept, asFilter, suggestions } from './filter';
import type { IVocabulary } from './filter';

const vocabulary: IVocabulary = {
  columns: {
    metrics: ['accuracy', 'f1', 'val/f1.macro'],
    params: ['max_depth', 'model', 'max depth'],
    tags: ['team'],
    attributes: ['name', 'status']
  },
  values: key => (key === 'params.model' ? ['forest', "l'arbre"] : key === 'params.max_depth' ? [3, 5] : [])
};

/** The labels at the caret, which stands at `|` or at the end. */
function at(marked: string): string[] {
  const caret = marked.includes('|') ? marked.indexOf('|') : marked.length;
  return suggestions(marked.replace('|', ''), caret, vocabulary).map(({ label }) => label);
}

describe('a filter', () => {
  it('of plain words looks for runs of that name', () => {
    expect(asFilter(' random forest ')).toBe("name ILIKE '%random forest%'");
    expect(asFilter('train_7')).toBe("name ILIKE '%train_7%'");
    expect(asFilter('')).toBe('');
  });

  it('in the language goes to the server as it is, right or wrong', () => {
    for (const text of ["status = 'failed'", 'metrics.f1 > 0.9', 'metrics.', 'name like', "not 'x", 'metrics.accuracy >> 2']) {
      expect(asFilter(text)).toBe(text);
    }
  });
});

describe('completion', () => {
  it('offers names, best fitting first', () => {
    expect(at('')[0]).toBe('metrics.accuracy');
    expect(at('metrics.a')).toEqual(['metrics.accuracy']);
    expect(at('dep')).toEqual(['params.max_depth', 'params.max depth']);
    expect(at('f1')).toEqual(['metrics.f1', 'metrics.val/f1.macro']);
    expect(at('stat')).toEqual(['status']);
  });

  it('offers operators that fit the name', () => {
    expect(at('metrics.accuracy ')).toContain('>');
    expect(at('metrics.accuracy ')).not.toContain('LIKE');
    expect(at('params.model ')).toContain('LIKE');
    expect(at('status ')).toEqual(['=', '!=', 'IN']);
    expect(at('params.model i').slice(0, 4)).toEqual(['ILIKE', 'IN', 'IS NULL', 'IS NOT NULL']);
  });

  it('offers values that were seen', () => {
    expect(at('params.model = ')).toEqual(["'forest'", "'l''arbre'"]);
    expect(at('params.model = f')).toEqual(["'forest'"]);
    expect(at("params.model = 'fo")).toEqual(["'forest'"]);
    expect(at('params.max_depth >=')).toEqual(['3', '5']);
    expect(at('status IN (')).toContain("'running'");
    expect(at("status IN ('failed', ")).toContain("'running'");
  });

  it('goes on after a condition, within parentheses too', () => {
    expect(at('metrics.f1 > 0.9 ')).toEqual(['and', 'or']);
    expect(at("not (params.model = 'forest' or ")).toContain('metrics.accuracy');
    expect(at('metrics."odd name" ')).toContain('>');
    expect(at('metrics.f1 IS ')).toEqual(['NULL', 'NOT NULL']);
    expect(at("status in ('failed') ")).toEqual(['and', 'or']);
  });

  it('knows the middle of a text', () => {
    expect(at('metrics.a| > 0.9 and params.model = 1')).toEqual(['metrics.accuracy']);
  });

  it('quotes odd names, and leaves the caret after what it wrote', () => {
    const [, quoted] = suggestions('dep', 3, vocabulary);
    expect(accept('dep', quoted)).toEqual({ text: 'params."max depth" ', caret: 19 });
    const [metric] = suggestions('metrics.a > 1', 9, vocabulary);
    expect(accept('metrics.a > 1', metric)).toEqual({ text: 'metrics.accuracy > 1', caret: 16 });
  });

  it('never throws, whatever is typed', () => {
    for (const text of ["'", '"', '((((', ')', 'a.b.c.d', '= = =', 'IN IN', '\\', '🙂 > 3', 'NOT', 'metrics..', "x like '%"]) {
      for (let caret = 0; caret <= text.length; caret++) {
        expect(Array.isArray(suggestions(text, caret, vocabulary))).toBe(true);
      }
    }
  });
});
