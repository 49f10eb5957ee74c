/** How far a sweep or pipeline is: a bar of its parts by status, and the same in words. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { statusWord } from './parts';

/** In the order in which the bar shows them. */
const ORDER = ['finished', 'cached', 'failed', 'skipped', 'cancelled', 'interrupted', 'deleted', 'running', 'waiting', 'planned', 'not run'];
const OVER = new Set(['finished', 'cached', 'failed', 'skipped', 'cancelled']);

/** `12 of 40`. */
export function tallied(counts: Record<string, number>, total: number, trans: TranslationBundle): string {
  return trans.__('%1 of %2', over(counts), total);
}

function over(counts: Record<string, number>): number {
  return Object.entries(counts).reduce((sum, [status, count]) => sum + (OVER.has(status) ? count : 0), 0);
}

export function Progress(props: { counts: Record<string, number>; total: number; trans: TranslationBundle }): JSX.Element {
  const { counts, total, trans } = props;
  const place = (status: string) => (ORDER.indexOf(status) + ORDER.length + 1) % (ORDER.length + 1);
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([one], [other]) => place(one) - place(other));
  const words = parts.map(([status, count]) => `${count} ${statusWord(status, trans)}`).join(', ');
  return (
    <div className="jp-nbledger-main-progress">
      <div
        className="jp-nbledger-main-bar"
        role="progressbar"
        aria-label={trans.__('Progress')}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={over(counts)}
        aria-valuetext={words}
      >
        {parts.map(([status, count]) => (
          <span key={status} data-status={status} style={{ width: `${(count / Math.max(total, 1)) * 100}%` }} />
        ))}
      </div>
      <span className="jp-nbledger-main-note">
        {tallied(counts, total, trans)}: {words}
      </span>
    </div>
  );
}
