/** What a badge says of a cell, as parts that are drawn side by side, and as one sentence for those who hear it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { change, duration, exact, number, short } from '../common/format';
import type { ICellState, IRun } from '../api';
import { label } from './standing';
import type { IStanding } from './standing';

export type MarkKind = 'failed' | 'stale' | 'order' | 'leak' | 'earlier';

export interface IMark {
  kind: MarkKind;
  word: string;
  /** Why, in full. */
  reason: string;
}

export interface IBadge {
  /** The run's name, or its short id; empty for a cell that is only observed. */
  run: string;
  metric: { name: string; value: string; exact: string; change: string; tendency: 'better' | 'worse' | '' } | null;
  took: string;
  at: string;
  marks: IMark[];
  /** All of it in one sentence. */
  spoken: string;
}

/** What the badge of a cell says. `locale` and `now` (seconds) are those of the reader. */
export function badge(
  standing: IStanding,
  trans: TranslationBundle,
  now = Date.now() / 1000,
  locale?: string
): IBadge {
  const { run } = standing.state;
  const metric = metricOf(standing.state);
  const marks = marksOf(standing, trans);
  const running = run.status === 'running';
  const said: IBadge = {
    run: run.tracked ? run.name || short(run.id) : '',
    metric,
    took: running ? trans.__('running') : took(run.duration),
    at: clock(run.started_at, now, locale),
    marks,
    spoken: ''
  };
  const name = run.tracked ? trans.__('Run %1', said.run) : trans.__('Recorded %1', label(standing.state));
  const parts = [name];
  if (metric) {
    parts.push([`${metric.name} ${metric.value}`, metric.change].filter(Boolean).join(' '));
  }
  parts.push(said.took, formatted(locale, { dateStyle: 'medium', timeStyle: 'medium' }, new Date(run.started_at * 1000)));
  marks.forEach(mark => parts.push(`${mark.word}: ${mark.reason}`));
  said.spoken = parts.filter(Boolean).join(', ');
  return said;
}

function metricOf(state: ICellState): IBadge['metric'] {
  const { metric } = state;
  if (!metric) {
    return null;
  }
  const shown = metric.comparable && metric.change !== null ? metric.change : null;
  const better = shown === null || shown === 0 ? '' : shown > 0 !== metric.lower_is_better ? 'better' : 'worse';
  return {
    name: metric.name,
    value: number(metric.value),
    exact: exact(metric.value),
    change: shown === null || shown === 0 ? '' : change(shown),
    tendency: better
  };
}

function marksOf(standing: IStanding, trans: TranslationBundle): IMark[] {
  const { state, stale } = standing;
  const marks: IMark[] = [];
  if (state.run.status === 'failed' || state.run.status === 'cancelled' || state.run.status === 'interrupted') {
    marks.push({ kind: 'failed', word: statusWord(state.run, trans), reason: state.run.error.split('\n')[0] });
  }
  if (state.leaks.length > 0) {
    const reason = state.leaks.map(leak => leak.message).join('; ');
    marks.push({ kind: 'leak', word: trans.__('leakage'), reason });
  }
  if (stale.length > 0) {
    marks.push({ kind: 'stale', word: trans.__('stale'), reason: stale.join('; ') });
  }
  if (standing.outOfOrder) {
    marks.push({ kind: 'order', word: trans.__('out of order'), reason: standing.outOfOrder });
  }
  if (!standing.current && state.run.status !== 'running') {
    const reason = trans.__('what it made is not in the memory of the kernel that runs now');
    marks.push({ kind: 'earlier', word: trans.__('earlier kernel'), reason });
  }
  return marks;
}

/** How long a run took; what is below a millisecond is not called none at all. */
export function took(seconds: number | null): string {
  return seconds !== null && seconds < 0.001 ? '< 1 ms' : duration(seconds);
}

/** A run's status as a word of the reader's. */
export function statusWord(run: IRun, trans: TranslationBundle): string {
  switch (run.status) {
    case 'running':
      return trans.__('running');
    case 'failed':
      return trans.__('failed');
    case 'cancelled':
      return trans.__('cancelled');
    case 'interrupted':
      return trans.__('interrupted');
    default:
      return trans.__('finished');
  }
}

/** The time of day of a moment of the last 12 hours or of today, else its day; the year where it is another one. */
export function clock(moment: number, now: number, locale?: string): string {
  const date = new Date(moment * 1000);
  const today = new Date(now * 1000);
  if (date.toDateString() === today.toDateString() || now - moment < 12 * 3600) {
    return formatted(locale, { hour: '2-digit', minute: '2-digit' }, date);
  }
  const sameYear = date.getFullYear() === today.getFullYear();
  return formatted(locale, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) }, date);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A date as text; making such a format costs a hundred times what using it does. */
function formatted(locale: string | undefined, options: Intl.DateTimeFormatOptions, date: Date): string {
  const key = JSON.stringify([locale, options]);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, options);
    formats.set(key, format);
  }
  return format.format(date);
}
