/**
 * The filter's text: what a plain word means, and what can come next while one types.
 *
 * The language is MLflow's (`metrics.accuracy > 0.9 and params.model = 'forest'`) and is read by the server alone. The
 * tokens here are those of `nbledger/ledger/tokens.py`; a mistake here costs a suggestion, never a result.
 */
import type { IColumns } from '../api';
import { reference } from './columns';
import type { ColumnKind } from './columns';

const TOKEN =
  /(\s+)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?|`[^`]*`?)|(!=|<>|>=|<=|==|=|<|>)|([(),.])|([^\s'"`=!<>(),.]+)|(.)/g;
const KINDS = ['space', 'number', 'text', 'quoted', 'operator', 'mark', 'word', 'bad'] as const;

interface IToken {
  kind: (typeof KINDS)[number];
  text: string;
  start: number;
  end: number;
}

export interface ISuggestion {
  label: string;
  /** What kind of thing it is: a metric, a param, a value ... */
  kind: 'metric' | 'param' | 'tag' | 'attribute' | 'operator' | 'value' | 'join';
  insert: string;
  from: number;
  to: number;
}

export interface IVocabulary {
  columns: IColumns;
  /** Values seen in a column (`params.model`), most frequent first. */
  values: (key: string) => (string | number | boolean)[];
}

type Expected = 'name' | 'operator' | 'value' | 'join' | 'null';

const ATTRIBUTE_NAMES = ['name', 'status', 'started_at', 'duration', 'experiment', 'notebook', 'kind', 'tracked', 'position'];
const STATUSES = ['running', 'finished', 'failed', 'cancelled', 'interrupted'];
const ENTITIES: Record<string, ColumnKind> = {
  metric: 'metrics',
  metrics: 'metrics',
  param: 'params',
  params: 'params',
  tag: 'tags',
  tags: 'tags',
  attribute: 'attributes',
  attributes: 'attributes'
};

/** A filter as the server reads it: words without an operator look for runs of that name. */
export function asFilter(text: string): string {
  const found = tokens(text).filter(token => token.kind !== 'space');
  if (found.length === 0) {
    return '';
  }
  const isExpression = found.some(
    token => token.kind === 'operator' || token.kind === 'text' || token.kind === 'quoted' || /^(and|or|not|like|ilike|in|is)$/i.test(token.text)
  );
  if (isExpression || /^(metrics|params|tags|attributes)\b\s*\.?/i.test(text.trim())) {
    return text.trim();
  }
  return `name ILIKE '%${text.trim().replace(/'/g, "''")}%'`;
}

/** What can be written at `caret`, best first. */
export function suggestions(text: string, caret: number, vocabulary: IVocabulary): ISuggestion[] {
  const before = tokens(text.slice(0, caret));
  const last = before[before.length - 1];
  // What is being typed: the word, name or value that touches the caret.
  let partial = '';
  let from = caret;
  let done = before;
  if (last && last.kind !== 'space' && !(last.kind === 'mark' && last.text !== '.') && last.kind !== 'operator') {
    const start = nameStart(before);
    from = before[start].start;
    partial = text.slice(from, caret);
    done = before.slice(0, start);
  }
  const { expected, name } = read(done.filter(token => token.kind !== 'space'));
  const made = (label: string, kind: ISuggestion['kind'], insert = label): ISuggestion => ({ label, kind, insert, from, to: caret });
  const all = ((): ISuggestion[] => {
    switch (expected) {
      case 'name':
        return names(vocabulary.columns).map(({ label, kind, insert }) => made(label, kind, insert));
      case 'operator':
        return operators(name).map(operator => made(operator, 'operator', `${operator} `));
      case 'value':
        return values(name, vocabulary).map(value => made(value, 'value', value));
      case 'null':
        return [made('NULL', 'operator'), made('NOT NULL', 'operator')];
      default:
        return [made('and', 'join', 'and '), made('or', 'join', 'or ')];
    }
  })();
  return rank(all, partial).slice(0, 50);
}

/** The text and caret after a suggestion was taken. */
export function accept(text: string, suggestion: ISuggestion): { text: string; caret: number } {
  const after = text.slice(suggestion.to);
  const insert = suggestion.insert.endsWith(' ') || after.startsWith(' ') ? suggestion.insert : `${suggestion.insert} `;
  return { text: text.slice(0, suggestion.from) + insert + after, caret: suggestion.from + insert.length };
}

function tokens(text: string): IToken[] {
  return [...text.matchAll(TOKEN)].map(match => ({
    kind: KINDS[match.slice(1).findIndex(group => group !== undefined)],
    text: match[0],
    start: match.index,
    end: match.index + match[0].length
  }));
}

/** The first token of the dotted name that the last token ends. */
function nameStart(found: IToken[]): number {
  let start = found.length - 1;
  const joins = (token: IToken): boolean =>
    token.kind === 'word' || token.kind === 'quoted' || token.kind === 'number' || (token.kind === 'mark' && token.text === '.');
  while (start > 0 && joins(found[start]) && joins(found[start - 1]) && found[start].kind !== 'text') {
    start -= 1;
  }
  return start;
}

/** Walk over what is written and tell what comes next, and of which name. */
function read(found: IToken[]): { expected: Expected; name: string } {
  let expected: Expected = 'name';
  let name = '';
  let isList = false;
  for (let index = 0; index < found.length; index++) {
    const token = found[index];
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (expected === 'name') {
      if (word === 'NOT' || token.text === '(') {
        continue;
      }
      const start = token.start;
      let end = token.end;
      while (found[index + 1]?.start === end && found[index + 1].kind !== 'operator' && found[index + 1].text !== ')') {
        index += 1;
        end = found[index].end;
      }
      name = keyOf(found.filter(item => item.start >= start && item.end <= end).map(item => item.text));
      expected = 'operator';
    } else if (expected === 'operator') {
      if (word === 'NOT') {
        continue;
      }
      isList = word === 'IN';
      expected = word === 'IS' ? 'null' : 'value';
    } else if (expected === 'null') {
      expected = word === 'NULL' ? 'join' : 'null';
    } else if (expected === 'value') {
      if (token.text === '(' || token.text === ',') {
        continue;
      }
      expected = isList && token.text !== ')' ? 'value' : 'join';
    } else if (word === 'AND' || word === 'OR') {
      expected = 'name';
    }
  }
  return { expected, name };
}

function keyOf(parts: string[]): string {
  const [first, dot, ...rest] = parts;
  const entity = dot === '.' ? ENTITIES[first.toLowerCase()] : undefined;
  const plain = rest.map(part => (/^["`]/.test(part) ? part.slice(1, -1).replace(/""/g, '"') : part)).join('');
  return entity ? `${entity}.${plain}` : `attributes.${first}`;
}

function names(columns: IColumns): { label: string; kind: ISuggestion['kind']; insert: string }[] {
  const of = (kind: ColumnKind, short: ISuggestion['kind'], list: string[]) =>
    list.map(name => ({ label: kind === 'attributes' ? name : `${kind}.${name}`, kind: short, insert: reference(kind, name) }));
  return [
    ...of('metrics', 'metric', columns.metrics),
    ...of('params', 'param', columns.params),
    ...of('attributes', 'attribute', ATTRIBUTE_NAMES),
    ...of('tags', 'tag', columns.tags)
  ];
}

function operators(name: string): string[] {
  if (name.startsWith('metrics.') || /^attributes\.(duration|position|started_at|start_time)$/.test(name)) {
    return ['>', '<', '>=', '<=', '=', '!=', 'IS NULL', 'IS NOT NULL'];
  }
  if (/^attributes\.(status|kind|tracked)$/.test(name)) {
    return ['=', '!=', 'IN'];
  }
  return ['=', '!=', 'LIKE', 'ILIKE', 'IN', '>', '<', '>=', '<=', 'IS NULL', 'IS NOT NULL'];
}

function values(name: string, vocabulary: IVocabulary): string[] {
  if (name === 'attributes.status') {
    return STATUSES.map(quote);
  }
  if (name === 'attributes.tracked') {
    return ['true', 'false'];
  }
  return vocabulary.values(name).map(value => (typeof value === 'string' ? quote(value) : String(value)));
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** Those that begin with what is typed, then those one of whose words does, then those that hold it. */
function rank(all: ISuggestion[], partial: string): ISuggestion[] {
  const typed = partial.toLowerCase().replace(/^['"`]/, '');
  if (!typed) {
    return all;
  }
  const score = ({ label }: ISuggestion): number => {
    const text = label.toLowerCase().replace(/^'/, '');
    const at = text.indexOf(typed);
    return at === 0 ? 0 : at > 0 && /[._/ -]/.test(text[at - 1]) ? 1 : at > 0 ? 2 : 3;
  };
  const fitting = all.map((item, index) => ({ item, index, score: score(item) })).filter(({ score }) => score < 3);
  fitting.sort((a, b) => a.score - b.score || a.index - b.index);
  const found = fitting.map(({ item }) => item);
  return found.length === 1 && found[0].insert.trim() === partial ? [] : found;
}
